"""How the report looks, from 320 pixels of width on, in light and dark, and on paper."""

STYLE = """
:root{color-scheme:light dark;--ink:#1c1f23;--soft:#5a6069;--paper:#fff;--rule:#d9dce1;
 --fill:#f5f6f8;--link:#0b5cad;--mark:#8a4b00;
 --s0:#0072b2;--s1:#b84a00;--s2:#00785a;--s3:#a8427c}
@media(prefers-color-scheme:dark){:root{--ink:#e7e9ec;--soft:#a6adb6;--paper:#15181c;
 --rule:#373c44;--fill:#1e2228;--link:#7fb8f0;--mark:#f0b060;
 --s0:#56b4e9;--s1:#f08a4b;--s2:#3fcf9f;--s3:#e39ac6}}
*{box-sizing:border-box}
html{scroll-padding-top:12px}
body{margin:0 auto;max-width:1180px;padding:24px 20px 56px;background:var(--paper);color:var(--ink);
 font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.9rem;line-height:1.15;margin:0 0 8px;overflow-wrap:anywhere}
h2{font-size:1.35rem;line-height:1.3;margin:0 0 10px}
h3{font-size:1rem;line-height:1.4;margin:0} h4{font-size:.9375rem;margin:16px 0 4px}
p{margin:0 0 10px;max-width:75ch} .lede{font-size:1.125rem} .soft{color:var(--soft)}
p.soft,ol.notes{font-size:.875rem}
a{color:var(--link)} a,button,summary,.wide{outline-offset:2px}
:focus-visible{outline:3px solid var(--link)}
.skip{position:absolute;left:-9999px} .skip:focus{left:12px;top:12px;padding:8px 14px;z-index:3;
 background:var(--paper);border:2px solid var(--link);border-radius:6px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:12px 0 0;padding:0}
nav a{display:inline-block;padding:6px 0}
main>section{border-top:1px solid var(--rule);margin-top:30px;padding-top:20px}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) minmax(0,1fr);gap:5px 18px;
 margin:0 0 14px} dt{color:var(--soft);overflow-wrap:anywhere} dd{margin:0;overflow-wrap:anywhere;
 max-width:80ch}
pre,code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 10px;background:var(--fill);
 border-radius:6px;padding:10px 12px;font-size:.8125rem} pre code{font-size:1em}
.wide{overflow-x:auto;margin:0 0 12px;border:1px solid var(--rule);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4;
 font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:10px 12px;position:sticky;left:0;
 max-width:min(1100px,calc(100vw - 48px))}
th,td{padding:6px 12px;text-align:left;vertical-align:top;font-weight:400;
 border-top:1px solid var(--rule)}
thead th{background:var(--fill);font-weight:600;vertical-align:bottom;min-width:5.5em}
td.number{white-space:nowrap} .number{text-align:right} th.number button{text-align:right}
.results tbody th{max-width:18em} .results .short{white-space:nowrap}
.results td.text{min-width:8em;max-width:20em}
tbody th:first-child{min-width:6em} .results tbody th:first-child{min-width:0}
tbody tr:hover{background:var(--fill)} td.missing{color:var(--soft)} td.published{font-style:italic}
sup{line-height:0} sup a{padding:0 3px;text-decoration:none}
td details summary{cursor:pointer}
button,.button{font:inherit;color:var(--link);background:none;border:1px solid var(--rule);
 border-radius:6px;padding:6px 12px;cursor:pointer;text-decoration:none;display:inline-block}
th button{border:0;padding:0;color:inherit;text-align:left;width:100%}
th button:hover{text-decoration:underline}
th button::after{content:" \\2195";color:var(--soft);font-weight:400}
[aria-sort=ascending] button::after{content:" \\25B2"} [aria-sort=descending] button::after
{content:" \\25BC"}
.tools{display:flex;gap:10px} ol.notes{color:var(--soft);margin:0 0 10px;padding-left:1.6em}
li:target{background:var(--fill);outline:2px solid var(--mark)}
summary{cursor:pointer;padding:8px 0} summary h3,summary h4{display:inline}
.folds>details{border:1px solid var(--rule);border-radius:8px;margin:0 0 8px;padding:2px 14px}
.folds>details[open]{padding-bottom:14px} .folds>details:target{outline:3px solid var(--mark)}
.result{color:var(--soft);margin-left:8px;white-space:nowrap}
figure{margin:0 0 22px} figcaption{font-size:.875rem;color:var(--soft);overflow-wrap:anywhere}
.drawing h3{margin-bottom:8px} .drawing .wide{display:inline-block;max-width:100%;background:#fff;
 margin-bottom:4px} .drawing img{width:980px;max-width:100%;height:auto;padding:8px;display:block}
.curves{display:flex;flex-wrap:wrap;gap:6px 22px} .curve{margin:0 0 10px;max-width:100%}
.curve svg{max-width:100%;height:auto;display:block}
.curve text{font-size:11px;fill:var(--soft)} .curve .end{text-anchor:end}
.curve .frame{fill:none;stroke:var(--rule)}
polyline{fill:none;stroke-width:1.8} .seed0{stroke:var(--s0)}
.seed1{stroke:var(--s1);stroke-dasharray:7 2} .seed2{stroke:var(--s2);stroke-dasharray:2 2}
.seed3{stroke:var(--s3);stroke-dasharray:7 2 2 2}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;margin:0 0 10px;
 font-size:.875rem;color:var(--soft)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{border-top:1px solid var(--rule);margin-top:34px;padding-top:10px;color:var(--soft);
 font-size:.875rem}
@media(max-width:600px){body{padding:18px 14px 40px} h1{font-size:1.5rem}
 dl{grid-template-columns:minmax(0,1fr);gap:0} dd{margin-bottom:8px} th,td{padding:6px 8px}
 .results .short{white-space:normal} thead th{min-width:3em}
 .drawing .wide img{max-width:none;width:640px} #done tbody th:first-child{min-width:10em}}
@media print{.tools,nav,.skip{display:none} .wide{overflow:visible;border:0}
 .folds>details{break-inside:avoid} *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
