//! Compares the results of the three installers for a wheel, and decides which one is right.

use std::path::Path;

use super::bench::{Answer, Bench};
use super::draft::Draft;
use crate::failure::Failure;
use crate::selection::shrink::without;

/// The most comparisons for making one wheel small.
const MOST: usize = 250;

/// The most lines of one disagreement.
const LINES: usize = 12;

/// Compares a wheel that is made from a draft; what differs, if anything.
pub(super) fn draft(draft: &Draft, bench: &mut Bench) -> Result<Option<String>, Failure> {
    // A name that leads into another folder is no file name.
    if draft.file.is_empty() || draft.file.contains('/') {
        return Ok(None);
    }
    let path = bench.path(&draft.file)?;
    std::fs::write(&path, draft.build()).map_err(Failure::io(draft.file.as_str()))?;
    let text = wheel(&path, draft.danger, bench)?;
    Ok(text.map(|text| format!("{}\n{text}", draft.quirks.join("; "))))
}

/// Compares a wheel; what differs, if anything.
pub(super) fn wheel(path: &Path, danger: bool, bench: &mut Bench) -> Result<Option<String>, Failure> {
    let [ours, uv, pip] = bench.answers(path)?;
    Ok(judge(&ours, &uv, &pip, danger))
}

/// Where uv and pip do the same, pybuild has to do it too. Where one of them refuses, that one is right if
/// there is a danger, else the other one. Where their trees differ, one of them has to be ours.
fn judge(ours: &Answer, uv: &Answer, pip: &Answer, danger: bool) -> Option<String> {
    let tree = |tools: &[(&str, &Answer)]| -> Option<String> {
        let said = tools.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" and ");
        let ours = match ours {
            Answer::Refused(words) => {
                return Some(format!("pybuild refuses and {said} installs:\n{}", words.trim_end()));
            }
            Answer::Tree(ours) => ours,
        };
        let trees: Vec<_> = tools
            .iter()
            .filter_map(|(name, answer)| match answer {
                Answer::Tree(tree) => Some((*name, tree)),
                Answer::Refused(_) => None,
            })
            .collect();
        let all = ours.differences(&trees);
        if all.is_empty() {
            return None;
        }
        let more = all.len().saturating_sub(LINES);
        let mut text: Vec<_> = all.into_iter().take(LINES).collect();
        text.extend((more > 0).then(|| format!("and {more} more")));
        Some(text.join("\n"))
    };
    let refusal = |words: &str, said: &str| match ours {
        Answer::Refused(_) => None,
        Answer::Tree(_) => Some(format!("pybuild installs and {said} refuses:\n{}", words.trim_end())),
    };
    match (uv, pip) {
        (Answer::Tree(_), Answer::Tree(_)) => tree(&[("uv", uv), ("pip", pip)]),
        (Answer::Refused(words), Answer::Refused(more)) => {
            refusal(&format!("uv: {}\npip: {}", words.trim(), more.trim()), "uv and pip")
        }
        (Answer::Refused(words), _) if danger => refusal(words, "uv"),
        (_, Answer::Refused(words)) if danger => refusal(words, "pip"),
        (Answer::Refused(_), _) => tree(&[("pip", pip)]),
        (_, Answer::Refused(_)) => tree(&[("uv", uv)]),
    }
}

/// The smallest wheel found that still disagrees, and how. Members and mistakes are left out in turn.
pub(super) fn shrink(start: &Draft, text: &str, bench: &mut Bench) -> Result<(Draft, String), Failure> {
    let (mut best, mut words, mut left) = (start.clone(), text.to_owned(), MOST);
    let (mut smaller, mut number) = (false, 0);
    loop {
        let value = serde_json::to_value(&best).map_err(|error| Failure::Other(error.to_string()))?;
        match without(&value, &mut { number }) {
            Some(candidate) if left > 0 => {
                number += 1;
                let Ok(mut candidate) = serde_json::from_value::<Draft>(candidate) else { continue };
                candidate.quirks.clone_from(&start.quirks);
                candidate.danger = start.danger;
                if candidate == best {
                    continue;
                }
                left -= 1;
                if let Some(text) = self::draft(&candidate, bench)?
                    && kind(&text) == kind(&words)
                {
                    (best, words, smaller) = (candidate, text, true);
                    number -= 1;
                }
            }
            _ if smaller && left > 0 => (smaller, number) = (false, 0),
            _ => return Ok((best, words)),
        }
    }
}

/// What kind of disagreement a text is about, without the names in it.
fn kind(text: &str) -> String {
    text.lines().nth(1).unwrap_or_default().split('`').step_by(2).collect()
}
