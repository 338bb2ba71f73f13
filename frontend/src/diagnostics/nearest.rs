//! Finds the name that the user most likely meant. The cost is limited, because the names come from users and
//! can be very many.

/// The longest name that is compared, in characters. A longer name is unlikely to be a misspelling of another
/// name.
const LONGEST: usize = 64;

/// The largest number of names that are compared.
const MOST: usize = 1000;

/// The largest number of names in a message.
const LISTED: usize = 30;

/// The name in `known` that is most similar to `typed`. `None` if no name is similar enough.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let length = typed.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .take(MOST)
        .filter_map(|name| {
            let other = name.chars().take(LONGEST + 1).count();
            let most = other.max(length) / 3;
            // The distance is at least the difference of the lengths.
            if other > LONGEST || other.abs_diff(length) > most {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&typed, &name.to_lowercase());
            (distance <= most).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name.to_owned())
}

/// The first `LISTED` names, and an ellipsis if there are more names.
pub fn some_of<'a>(known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut known = known.into_iter();
    let mut listed: Vec<String> = known.by_ref().take(LISTED).map(str::to_owned).collect();
    if known.next().is_some() {
        listed.push("…".to_owned());
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("versoin", ["version", "base"]), Some("version".into()));
        assert_eq!(nearest("requierments", ["requirements", "groups"]), Some("requirements".into()));
        assert_eq!(nearest("Version", ["version"]), Some("version".into()));
        assert_eq!(nearest("colour", ["version", "base"]), None);
    }

    #[test]
    fn a_name_of_any_length_among_any_number_costs_little() {
        let long = "a".repeat(1 << 20);
        assert_eq!(nearest(&long, ["version"]), None);
        assert_eq!(nearest("version", [long.as_str(), "versions"]), Some("versions".into()));
        let names: Vec<String> = (0..100_000).map(|at| format!("name{at}")).collect();
        let mut asked = 0;
        let counted = names.iter().map(|name| {
            asked += 1;
            name.as_str()
        });
        nearest("name", counted);
        assert_eq!(asked, MOST);
        assert_eq!(some_of(names.iter().map(String::as_str)).len(), LISTED + 1);
    }
}
