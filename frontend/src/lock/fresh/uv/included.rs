//! Groups that include others, spelled out.

use serde_json::{Map, Value};

use crate::pep508::Name;

/// The most groups that one group can include, counted with repetitions.
pub(super) const MOST_INCLUDED: usize = 10_000;

/// The texts of a group and of those that it includes.
pub(super) fn flatten<'v>(
    groups: &'v Map<String, Value>,
    list: &'v Value,
    all: &mut Vec<&'v str>,
    depth: usize,
    left: &mut usize,
) -> Option<()> {
    // A group that includes itself, and more than any project has: uv says what is wrong with the group.
    *left = left.checked_sub(1)?;
    if depth > groups.len().min(64) {
        return None;
    }
    for item in list.as_array()? {
        if let Some(text) = item.as_str() {
            all.push(text);
            continue;
        }
        let included = Name::new(item.get("include-group")?.as_str()?).ok()?;
        let found = groups.iter().find(|(name, _)| Name::new(name).is_ok_and(|name| name == included));
        flatten(groups, found?.1, all, depth + 1, left)?;
    }
    Some(())
}
