//! `--call=subrequests.describe`: the list of requests.

use serde_json::{Value, json};

use super::{KINDS, VERSION, table};

/// BuildKit's schema: a list, with `null` for missing values.
pub(super) fn json() -> Value {
    let kinds = KINDS.iter().filter(|kind| kind.listed).map(|kind| {
        let opts = match kind.id {
            "frontend.outline" => json!([{ "name": "target", "description": "Target build stage" }]),
            _ => Value::Null,
        };
        let metadata = json!([{ "name": "result.json" }, { "name": "result.txt" }]);
        json!({
            "name": kind.id, "version": VERSION, "type": "rpc", "description": kind.description,
            "opts": opts, "inputs": null, "metadata": metadata, "refs": null,
        })
    });
    Value::Array(kinds.collect())
}

pub(super) fn text() -> String {
    let mut rows = vec![vec!["NAME".to_owned(), "VERSION".to_owned(), "DESCRIPTION".to_owned()]];
    for kind in KINDS.iter().filter(|kind| kind.listed) {
        let name = kind.id.trim_start_matches("frontend.").to_owned();
        rows.push(vec![name, VERSION.to_owned(), kind.description.to_owned()]);
    }
    table::render(&rows, 1)
}
