"""How the page of a gallery looks, from 320 pixels of width on, and on paper."""

from analysis.galleries._marks import (
    FILL,
    FLAGGED,
    INK,
    MISSED,
    OUTCOME_COLOURS,
    PAPER,
    PROPOSED,
    RULE,
    SOFT,
)

_OUTCOMES = "".join(
    f".sign.{outcome}{{background:{colour}}}.verdict.{outcome}{{color:{colour}}}"
    for outcome, colour in OUTCOME_COLOURS.items()
)

STYLE = f"""
*{{box-sizing:border-box}}
body{{margin:0 auto;max-width:1120px;padding:24px 20px 40px;background:{PAPER};color:{INK};
 font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}}
h1{{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}}
h2{{font-size:1.25rem;line-height:1.3;margin:0;overflow-wrap:anywhere}}
h3{{font-size:1rem;margin:0 0 10px;display:flex;align-items:center;gap:8px}}
a{{color:{PROPOSED}}} a:focus-visible{{outline:3px solid {PROPOSED};outline-offset:2px}}
ul,ol,dl,figure{{margin:0;padding:0}} ul,ol{{list-style:none}}
.sub{{margin:2px 0 0;color:{SOFT};overflow-wrap:anywhere}}
main>section{{border-top:1px solid {RULE};margin-top:24px;padding-top:18px}}
.legend h2,#classes{{font-size:1rem}}
.legend ul{{display:flex;flex-wrap:wrap;gap:6px 22px;margin-top:8px;font-size:.875rem}}
.legend li{{display:flex;align-items:center;gap:8px}}
.swatch{{flex:none;width:20px;height:20px;border-radius:3px;background:{FILL}}}
.wide{{overflow-x:auto;margin-top:8px}}
table{{border-collapse:collapse;font-size:.875rem}}
caption{{caption-side:bottom;text-align:left;color:{SOFT};padding-top:6px}}
th,td{{padding:5px 0 5px 20px;text-align:right;border-bottom:1px solid {RULE};
 font-variant-numeric:tabular-nums}}
th:first-child{{text-align:left;font-weight:400;overflow-wrap:anywhere;min-width:5em;padding-left:0}}
thead th{{font-weight:600!important;vertical-align:bottom}}
.strip{{display:grid;grid-template-columns:repeat(auto-fill,minmax(80px,1fr));gap:12px 10px;
 margin:14px 0 18px}}
.strip img{{width:100%;height:auto}}
img{{display:block;border-radius:2px}}
.frame{{display:block;position:relative;border:3px solid transparent;border-radius:5px}}
.frame.kept,.swatch.kept{{border:3px solid {RULE}}}
.frame.flagged,.swatch.flagged{{border:3px solid {FLAGGED}}}
.frame.missed,.swatch.missed{{border:3px dashed {MISSED}}}
.badge{{display:inline-block;min-width:22px;padding:0 5px;border-radius:4px;background:{FLAGGED};
 color:#fff;font:600 .875rem/22px system-ui,sans-serif;text-align:center}}
.frame .badge{{position:absolute;left:-3px;top:-3px}}
.tag{{position:absolute;left:-3px;bottom:-3px;padding:0 5px;border-radius:4px;background:{MISSED};
 color:#fff;font:600 .75rem/18px system-ui,sans-serif}}
.sign{{flex:none;width:22px;height:22px;border-radius:50%;fill:none;stroke:#fff;stroke-width:3;
 stroke-linecap:round;stroke-linejoin:round}}
.frame .sign{{position:absolute;right:-3px;bottom:-3px;border:2px solid #fff}}
{_OUTCOMES}
.measure{{display:flex;align-items:center;gap:5px;margin-top:3px}}
.bar{{flex:1;height:7px;border-radius:3px;background:{FILL};border:1px solid {RULE};
 overflow:hidden}}
.legend .bar{{flex:none;width:50px}}
.bar i{{display:block;height:100%;background:{SOFT}}}
.share{{font-size:.8125rem;color:{SOFT};font-variant-numeric:tabular-nums}}
.cards{{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr));gap:14px}}
.card{{border:1px solid {RULE};border-radius:8px;padding:14px}}
.card:target{{outline:3px solid {FLAGGED}}}
.verdict{{display:flex;align-items:center;gap:8px}}
.compare{{display:flex;flex-wrap:wrap;align-items:flex-start;gap:10px}}
.one{{flex:none}} .one img{{width:96px;height:96px}}
.arrow{{flex:none;width:22px;height:2px;margin:50px 2px 0;background:{PROPOSED};position:relative}}
.arrow::after{{content:"";position:absolute;right:0;top:-4px;border:5px solid transparent;
 border-left:8px solid {PROPOSED};border-right:0}}
.beside{{flex:1 1 150px;min-width:0}}
.beside div{{display:grid;grid-template-columns:repeat(4,minmax(0,74px));gap:5px;
 border-left:3px solid {PROPOSED};padding-left:8px}}
.beside img{{width:100%;height:auto}}
figcaption,.none{{font-size:.8125rem;color:{SOFT};margin:4px 0 0;overflow-wrap:anywhere}}
.beside figcaption{{padding-left:11px}} figcaption strong{{color:{INK}}}
dl{{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:10px 0 0;
 font-size:.875rem}}
dt{{color:{SOFT}}} dd{{margin:0;overflow-wrap:anywhere}}
.curve{{margin-top:10px;display:flex;flex-wrap:wrap;gap:0 12px;align-items:center}}
.curve svg{{width:266px;max-width:100%;height:auto}} .curve figcaption{{flex:1 1 140px}}
.curve polyline{{fill:none;stroke:{PROPOSED};stroke-width:1.6}} .curve circle{{fill:{PROPOSED}}}
.curve .zero{{stroke:{SOFT};stroke-dasharray:2 3}} .curve .axis{{stroke:{RULE}}}
.curve text{{font-size:11px;fill:{SOFT}}} .curve .y{{text-anchor:end}}
.note{{display:block}}
footer{{border-top:1px solid {RULE};margin-top:28px;padding-top:6px;font-size:.875rem;
 color:{SOFT}}}
@media(max-width:560px){{body{{padding:16px 14px 32px}}
 table{{font-size:.8125rem}} th,td{{padding-left:6px}} th:first-child{{min-width:5em}}
 .strip{{grid-template-columns:repeat(auto-fill,minmax(70px,1fr))}}
 .beside div{{grid-template-columns:repeat(2,minmax(0,74px))}}}}
@media print{{.card,.strip{{break-inside:avoid}}
 *{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}}}
"""
