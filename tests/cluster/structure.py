"""What a Kubernetes API takes, as far as the documents under `cluster/` go into it.

`structures/KIND.json` is a JSON schema reduced from the published one: of every object that a
document has, the names of all fields and which are required; of the fields used, their types,
choices and patterns. A field that no document uses yet is known by name only, so its first use
needs the table made anew:

    FRLIB_KUBERAY=.../kuberay-operator/crds FRLIB_KUBERNETES=.../v1.37.0-local-strict \\
        python -m tests.cluster.structure

FRLIB_KUBERAY: the CRDs of KubeRay 1.7.0 (helm-chart/kuberay-operator/crds in its repository).
FRLIB_KUBERNETES: the API of Kubernetes 1.37 as JSON schemas (a folder of the package
kubernetes-validate 1.37.0).
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.cluster import places

FOLDER = Path(__file__).with_name("structures")
KUBERAY, KUBERNETES = "FRLIB_KUBERAY", "FRLIB_KUBERNETES"
_KEPT = ("enum", "pattern", "minimum", "maximum", "required")
Schema = dict[str, Any]


def path_of(document: Schema) -> Path:
    """Where the structure of its kind is."""
    return FOLDER / f"{document['kind']}.json"


def complaints(document: Schema) -> list[str]:
    """What the structure of its kind has against a document; none when it is taken."""
    schema = json.loads(path_of(document).read_text())
    found = [_told(error) for error in Draft202012Validator(schema).iter_errors(document)]
    cluster = document.get("spec", {}).get("rayClusterSpec")
    if document["kind"] == "RayJob" and cluster is not None:
        whole = {**document, "kind": "RayCluster", "spec": cluster}
        found += [f"rayClusterSpec: {one}" for one in complaints(whole)]
    return found


def _told(error: Any) -> str:
    return f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def known(schema: Schema, value: Any) -> bool:
    """Whether the structure has a type for everything that a value has."""
    if isinstance(value, list):
        return all(known(schema.get("items", {}), one) for one in value)
    if not isinstance(value, dict):
        return bool(schema.keys() & {"type", "enum"})
    if "additionalProperties" in schema:
        return all(known(schema["additionalProperties"], one) for one in value.values())
    if "propertyNames" not in schema:
        return bool(schema)
    return all(known(schema["properties"].get(key, {}), one) for key, one in value.items())


def reduced(schema: Schema, values: list[Any], definitions: Schema) -> Schema:
    """The part of a published schema that these values go into."""
    if "$ref" in schema:
        return reduced(definitions[schema["$ref"].rpartition("/")[2]], values, definitions)
    made = {key: schema[key] for key in _KEPT if key in schema}
    made["type"] = _types(schema)
    if "properties" in schema:
        made["propertyNames"] = {"enum": sorted(schema["properties"])}
        made["properties"] = {
            key: reduced(schema["properties"][key], used, definitions)
            for key in sorted(schema["properties"])
            if (used := [value[key] for value in values if key in value])
        }
    elif isinstance(schema.get("additionalProperties"), dict):
        used = [one for value in values for one in value.values()]
        made["additionalProperties"] = reduced(schema["additionalProperties"], used, definitions)
    elif "items" in schema:
        used = [one for value in values for one in value]
        made["items"] = reduced(schema["items"], used, definitions)
    return made


def _types(schema: Schema) -> list[str]:
    named = schema.get("type", [])
    types = [named] if isinstance(named, str) else list(named)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        types += _types(choice)
    return sorted({one for one in types if one != "null"} or {"object"})


@cache
def _crd(name: str) -> Schema:
    text = (Path(os.environ[KUBERAY]) / f"ray.io_{name}.yaml").read_text()
    document = yaml.load(text, yaml.CSafeLoader)
    (version,) = [one for one in document["spec"]["versions"] if one["name"] == "v1"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


@cache
def _api(name: str) -> Schema:
    schema: Schema = json.loads((Path(os.environ[KUBERNETES]) / f"{name}.json").read_text())
    return schema


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key != "description"}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


def made_anew(kind: str, documents: list[Schema]) -> str:
    """The text of `structures/KIND.json` from the published schema, for these documents."""
    definitions = _api("_definitions")["$defs"]
    group, _, version = documents[0]["apiVersion"].rpartition("/")
    if group == "ray.io":
        published = dict(_crd(f"{kind.lower()}s"))
        fields = {
            **published["properties"],
            "metadata": {"$ref": "/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        }
        if kind == "RayJob":
            spec = fields["spec"]["properties"]
            assert _bare(spec["rayClusterSpec"]) == _bare(_crd("rayclusters")["properties"]["spec"])
            spec = {**spec, "rayClusterSpec": {"type": "object"}}
            fields["spec"] = {**fields["spec"], "properties": spec}
        published["properties"] = fields
        source = f"KubeRay 1.7.0, ray.io_{kind.lower()}s.yaml, v1"
    else:
        short = group.partition(".")[0]
        published = _api(
            f"{kind.lower()}-{short}-{version}" if short else f"{kind.lower()}-{version}"
        )
        source = f"Kubernetes 1.37, {documents[0]['apiVersion']}"
    schema = {"$comment": f"Reduced from {source}.", **reduced(published, documents, definitions)}
    text = json.dumps(schema, indent=1)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n"


def by_kind() -> dict[str, list[Schema]]:
    """All documents that are built; a RayJob's cluster counts as a RayCluster as well."""
    found: dict[str, list[Schema]] = {}
    for folder in places.BUILT:
        for one in places.build(folder):
            found.setdefault(one["kind"], []).append(one)
    return found


def main() -> None:
    """Write the structures anew."""
    for kind, documents in by_kind().items():
        (FOLDER / f"{kind}.json").write_text(made_anew(kind, documents))


if __name__ == "__main__":
    main()
