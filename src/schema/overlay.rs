//! What an overlay may hold: any part of a spec.

use serde_json::{Map, Value, json};

/// What is about all environments, and so no overlay's to say: keys at the top of a spec.
pub const WHOLE: [&str; 7] = ["forge", "name", "environments", "layout", "patches", "targets", "ci"];

/// Adds a copy of every definition in which nothing is required and everything may be `null`, and lets overlays be one.
pub(super) fn add_overlay(schema: &mut Value) {
    static LEFT_ALONE: [&str; 6] = ["ComposeFile", "Environment", "Layout", "Overlay", "Patch", "Targets"];
    let Some(definitions) = schema["$defs"].as_object().cloned() else { return };
    let mut partial = json!({ "properties": schema["properties"], "type": "object", "additionalProperties": false });
    for key in WHOLE {
        partial["properties"].as_object_mut().map(|it| it.shift_remove(key));
    }
    soften(&mut partial);
    partial["description"] = json!("Part of a spec: everything may be left out, and `null` takes a default back.");
    partial["examples"] = json!([{ "services": { "api": { "replicas": 1 } } }]);
    let all = schema["$defs"].as_object_mut().expect("the derived schema has definitions");
    for (name, mut definition) in definitions {
        if !LEFT_ALONE.contains(&name.as_str()) && definition["type"] != "string" && definition["type"] != "number" {
            soften(&mut definition);
            all.insert(format!("{name}Overlay"), definition);
        }
    }
    all.insert("Overlay".into(), partial);
    // Routes merge by host and path, so those of an overlay can be parts as well.
    all["GatewayOverlay"]["properties"]["routes"]["anyOf"][0]["items"] = json!({ "$ref": "#/$defs/RouteOverlay" });
    all["RouteOverlay"]["required"] = json!(["path"]);
    // Short texts have no parts, so their overlay is they themselves.
    let kept: Vec<String> = all.keys().cloned().collect();
    for definition in all.values_mut() {
        redirect(definition, &kept);
    }
    let mut used = Vec::new();
    reach(schema, schema, &mut used);
    let all = schema["$defs"].as_object_mut().expect("the derived schema has definitions");
    all.retain(|name, _| used.contains(name));
}

/// The names of all definitions that `part` of `schema` refers to, directly or through others.
fn reach(schema: &Value, part: &Value, used: &mut Vec<String>) {
    match part {
        Value::Array(items) => items.iter().for_each(|it| reach(schema, it, used)),
        Value::Object(object) => {
            if let Some(name) = object.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix("#/$defs/"))
                && !used.iter().any(|it| it == name)
            {
                used.push(name.to_owned());
                reach(schema, &schema["$defs"][name], used);
            }
            object.iter().filter(|(key, _)| *key != "$defs").for_each(|(_, it)| reach(schema, it, used));
        }
        _ => {}
    }
}

fn soften(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            choose_later(object);
            for branch in object.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
                soften(branch);
            }
            // What chooses between shapes stays: `required` is all that tells them apart.
            if !object.contains_key("oneOf") && !object.contains_key("if") {
                object.shift_remove("required");
            }
            object.shift_remove("minProperties");
            for key in ["properties", "patternProperties"] {
                for value in object.get_mut(key).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
                    let inner = value.take();
                    let (description, examples) = (inner["description"].clone(), inner["examples"].clone());
                    let mut inner = inner;
                    soften(&mut inner);
                    for key in ["description", "examples", "default"] {
                        inner.as_object_mut().map(|it| it.shift_remove(key));
                    }
                    *value = json!({ "anyOf": [inner, { "type": "null" }] });
                    if !description.is_null() {
                        value["description"] = description;
                        value["examples"] = examples;
                    }
                }
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                reference.push_str("Overlay");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(soften),
        _ => {}
    }
}

/// Of a choice between keys, an overlay may change or take back any: which one is left is seen when it is laid on its spec.
fn choose_later(object: &mut Map<String, Value>) {
    let branches = object.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    if branches.is_empty() || !branches.iter().all(|it| it["properties"].is_object()) {
        return;
    }
    let fields = branches.iter().filter_map(|it| it["properties"].as_object()).flatten();
    let fields: Map<String, Value> = fields.map(|(key, it)| (key.clone(), it.clone())).collect();
    object.shift_remove("oneOf");
    object.insert("type".into(), json!("object"));
    object.insert("properties".into(), fields.into());
    object.insert("additionalProperties".into(), json!(false));
}

fn redirect(schema: &mut Value, kept: &[String]) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                let name = reference.trim_start_matches("#/$defs/");
                if name != "Overlay" && !kept.iter().any(|it| it == name) {
                    *reference = reference.trim_end_matches("Overlay").to_owned();
                }
            }
            object.values_mut().for_each(|it| redirect(it, kept));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| redirect(it, kept)),
        _ => {}
    }
}
