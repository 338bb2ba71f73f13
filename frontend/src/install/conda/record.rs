//! `conda-meta`: the files in which conda and similar tools find the contents of an environment.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::extract::Written;
use super::metadata::{FileMode, PathType};
use super::package::{Content, Package};

/// The record of an installed package, as JSON: its description, its origin and its files.
pub(super) fn record(package: &Package, written: &BTreeMap<String, Written>) -> String {
    let mut record = package.metadata.index.clone();
    let url = without_credentials(&package.source.url);
    let mut parts = url.rsplitn(3, '/').skip(1);
    let subdir = parts.next().unwrap_or_default().to_owned();
    let channel = parts.next().unwrap_or_default().to_owned();
    record.entry("subdir").or_insert_with(|| json!(subdir));
    let paths: Vec<Value> =
        package.files.iter().map(|(place, content)| path(place, content, written)).collect();
    let more = json!({
        "fn": package.file,
        "url": url,
        "channel": channel,
        "sha256": package.sha256,
        "size": package.size,
        "requested_spec": "",
        "link": { "source": "", "type": 1 },
        "files": package.files.keys().collect::<Vec<_>>(),
        "paths_data": { "paths_version": 1, "paths": paths },
    });
    if let Value::Object(more) = more {
        record.extend(more);
    }
    let mut text = serde_json::to_string_pretty(&record).unwrap_or_default();
    text.push('\n');
    text
}

fn path(place: &str, content: &Content, written: &BTreeMap<String, Written>) -> Value {
    let mut entry = Map::new();
    entry.insert("_path".to_owned(), json!(place));
    let found = written.get(place);
    match content {
        Content::Made(_) => {
            entry.insert("path_type".to_owned(), json!("unix_python_entry_point"));
        }
        Content::Member(listed) => {
            let is_link = listed.path_type == PathType::SoftLink
                || found.is_some_and(|found| found.path_type == PathType::SoftLink);
            entry.insert("path_type".to_owned(), json!(if is_link { "softlink" } else { "hardlink" }));
            if let Some(sha256) = &listed.sha256 {
                entry.insert("sha256".to_owned(), json!(sha256));
            }
            if let Some(placeholder) = &listed.prefix_placeholder {
                let mode = if listed.file_mode == Some(FileMode::Binary) { "binary" } else { "text" };
                entry.insert("file_mode".to_owned(), json!(mode));
                entry.insert("prefix_placeholder".to_owned(), json!(placeholder));
            }
        }
    }
    if let Some(found) = found {
        entry.insert("sha256_in_prefix".to_owned(), json!(found.sha256));
        entry.insert("size_in_bytes".to_owned(), json!(found.size));
    }
    Value::Object(entry)
}

/// A URL without the user, the password and the token of a channel. An image must not contain them.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or(host);
    let path = match path.strip_prefix("t/").and_then(|path| path.split_once('/')) {
        Some((_, path)) => path,
        None => path,
    };
    format!("{scheme}://{host}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_recorded_without_credentials() {
        for (url, recorded) in [
            ("https://a.example/c/linux-64/x-1-0.conda", "https://a.example/c/linux-64/x-1-0.conda"),
            ("https://me:secret@a.example/c/noarch/x-1-0.conda", "https://a.example/c/noarch/x-1-0.conda"),
            ("https://a.example/t/to-ken/c/noarch/x-1-0.conda", "https://a.example/c/noarch/x-1-0.conda"),
            ("channel/noarch/x-1-0.conda", "channel/noarch/x-1-0.conda"),
        ] {
            assert_eq!(without_credentials(url), recorded);
        }
    }
}
