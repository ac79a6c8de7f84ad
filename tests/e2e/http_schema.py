"""openapi.json: schemas, and whether a value is of one. As much of JSON Schema as the document uses."""
import json, re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}

def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a key is there twice in %s" % names)
    return dict(pairs)

class Document:
    def __init__(self, text):
        self.doc = json.loads(text, object_pairs_hook=unique)

    def resolve(self, value):
        while "$ref" in value:
            at = self.doc
            for key in value["$ref"][2:].split("/"):
                at = at[key]
            value = at
        return value

    def operations(self):
        """(path, method, operation) of each."""
        for path, item in self.doc["paths"].items():
            for method, operation in item.items():
                yield path, method.upper(), operation

    def parameters(self, operation):
        return [self.resolve(p) for p in operation.get("parameters", [])]

    def schema_of(self, operation, code):
        """Schema and media type of a reply; (None, None): the document has none for this code."""
        reply = operation["responses"].get(str(code))
        for kind, content in (self.resolve(reply).get("content", {}) if reply else {}).items():
            return content.get("schema", {}), kind
        return None, None

    def wrong(self, schema, value, at="$"):
        """What is wrong with a value; None: nothing."""
        schema = self.resolve(schema)
        for rule in ("oneOf", "anyOf"):
            if rule in schema:
                good = sum(self.wrong(s, value, at) is None for s in schema[rule])
                if good == 0 or (rule == "oneOf" and good > 1):
                    return "%s: %d of %s" % (at, good, rule)
        kind = schema.get("type")
        if kind and not is_type(kind, value):
            return "%s: %r is no %s" % (at, value, kind)
        if "enum" in schema and value not in schema["enum"]:
            return "%s: %r is not in %s" % (at, value, schema["enum"])
        return self.wrong_number(schema, value, at) or self.wrong_text(schema, value, at) or \
            self.wrong_list(schema, value, at) or self.wrong_object(schema, value, at)

    def wrong_number(self, schema, value, at):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                return "%s: %r is out of range" % (at, value)
            if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
                return "%s: %r is out of range" % (at, value)

    def wrong_text(self, schema, value, at):
        if isinstance(value, str):
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                return "%s: %d characters" % (at, len(value))
            if "pattern" in schema and not re.search(schema["pattern"], value):
                return "%s: %r does not match" % (at, value)

    def wrong_list(self, schema, value, at):
        if isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                return "%s: %d elements" % (at, len(value))
            for i, entry in enumerate(value):
                found = self.wrong(schema.get("items", {}), entry, "%s[%d]" % (at, i))
                if found:
                    return found

    def wrong_object(self, schema, value, at):
        if not isinstance(value, dict):
            return None
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key in schema.get("required", []):
            if key not in value:
                return "%s: no %s" % (at, key)
        for key, entry in value.items():
            if key in properties:
                found = self.wrong(properties[key], entry, at + "." + key)
            elif more is False:
                found = "%s: %s is not known" % (at, key)
            else:
                found = self.wrong(more, entry, at + "." + key) if isinstance(more, dict) else None
            if found:
                return found

def is_type(kind, value):
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])
