//! Packages with common files: the compared layers, the steps that wait for the comparison, and the layers
//! after it.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Cap, CapSet, Digest};
use serde_json::Value;

use super::{Built, LOCK, build, build_together, name_of};
use crate::plan::Together;

const FILE: &str = "python.version = \"3.13\"\n[stage.test]\nchecks.unit = \"pytest\"\n\
    [stage.more]\nfrom = \"production\"\ngroups = [\"dev\"]\ninclude = [\"app.py\"]\n";

fn files(lock: &'static str) -> [(&'static str, &'static str); 2] {
    [("pylock.toml", lock), ("app.py", "")]
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ops(built: &Built) -> Vec<Value> {
    built.image.state.marshal().to_json()["ops"].as_array().unwrap().clone()
}

/// The names of the steps that contain `text`, sorted.
fn named(built: &Built, text: &str) -> Vec<String> {
    let mut names: Vec<_> = ops(built).iter().filter_map(name_of).map(str::to_owned).collect();
    names.retain(|name| name.contains(text));
    names.sort();
    names
}

/// The digest of the step with this name.
fn digest(built: &Built, name: &str) -> String {
    let ops = built.image.state.marshal();
    let found = ops.ops().find(|(digest, _)| {
        let metadata = ops.metadata(digest).unwrap();
        metadata.description.get("llb.customname").is_some_and(|found| found == name)
    });
    found.unwrap().0.to_string()
}

/// Gives each comparison the same answer.
fn answered(built: &Built, together: &Together) -> BTreeMap<Digest, Together> {
    built.image.comparisons.keys().map(|digest| (digest.clone(), together.clone())).collect()
}

#[test]
fn packages_that_share_files_get_a_layer_and_everything_else_stays_as_it_is() {
    let files = files(LOCK);
    for capabilities in [CapSet::all(), CapSet::all().without(Cap::MergeOp)] {
        let plain = build(FILE, &files, "production", capabilities.clone());
        assert_eq!(plain.image.comparisons.len(), 1);
        let together = Together { below: vec![set(&["numpy", "six"])], all: Vec::new() };
        let answers = answered(&plain, &together);
        let gathered = build_together(FILE, &files, "production", capabilities, answers);
        // The lists of the compared layers stay inputs, so an exported cache contains the answer.
        let steps = ["numpy 2.1.1", "numpy, six", "six 1.17.0", "docopt 0.6.2"];
        let mut steps: Vec<_> = steps.map(|step| format!("[wheels] unpack: {step}")).into();
        steps.sort();
        assert_eq!(named(&gathered, "unpack: "), steps);
        for same in ["[production] venv: /venv", "[wheels] compare: files of 3 layers"] {
            assert_eq!(digest(&plain, same), digest(&gathered, same));
        }
        // pip installs numpy after six: pip goes backwards by name, and neither package requires the other.
        let unpack = ops(&gathered).into_iter().find(|op| name_of(op) == Some("[wheels] unpack: numpy, six"));
        let arguments = unpack.unwrap()["args"].to_string();
        assert!(arguments.find("six==1.17.0") < arguments.find("numpy==2.1.1"), "{arguments}");
        let history = gathered.image.config.to_json()["history"].to_string();
        assert!(history.contains("wheels: with the same files: numpy, six"), "{history}");
        assert!(!history.contains("wheels: numpy 2.1.1"), "{history}");
    }
}

#[test]
fn what_a_stage_adds_is_compared_with_the_layers_below_and_decided_with_them() {
    let files = files(LOCK);
    let plain = build(FILE, &files, "more", CapSet::all());
    assert_eq!(plain.image.comparisons.len(), 2);
    let compared = ["[wheels] compare: files of 3 layers", "[wheels] compare: files of 4 layers"];
    assert_eq!(named(&plain, "compare: "), compared);
    // The copy of the app waits for the comparison, so an exported cache contains its answer.
    let comparison = ops(&plain).iter().position(|op| name_of(op) == Some(compared[1]));
    let copy = ops(&plain).into_iter().find(|op| name_of(op) == Some("[more] app: app.py to /app")).unwrap();
    let waits = |input: &Value| input["op"].as_u64().or(input.as_u64()) == comparison.map(|at| at as u64);
    assert!(copy["inputs"].as_array().unwrap().iter().any(waits), "{copy}");

    let together = Together { below: Vec::new(), all: vec![set(&["pytest", "six"])] };
    let gathered = build_together(FILE, &files, "more", CapSet::all(), answered(&plain, &together));
    assert!(named(&gathered, "unpack: ").contains(&"[wheels] unpack: pytest, six".to_owned()));
    // The layers of the stage below are the same.
    let below = |built: &Built| digest(built, "[production] image");
    assert_eq!(below(&plain), below(&gathered));
    // pip installs six before pytest, which requires nothing: pip goes backwards by name.
    let history = gathered.image.config.to_json()["history"].to_string();
    assert!(history.contains("wheels: with the same files: pytest, six"), "{history}");
}

#[test]
fn nothing_is_compared_where_there_is_one_layer() {
    let lock = "lock-version = \"1.0\"\ncreated-by = \"test\"\n[[packages]]\nname = \"six\"\nversion = \"1.17.0\"\n\
        wheels = [{ url = \"https://files.example/six-1.17.0-py2.py3-none-any.whl\", size = 11000, hashes = \
        { sha256 = \"0000000000000000000000000000000000000000000000000000000000000003\" } }]\n";
    let built = build("python.version = \"3.13\"\n", &files(lock), "production", CapSet::all());
    assert!(built.image.comparisons.is_empty());
    assert_eq!(named(&built, "compare: "), Vec::<String>::new());
}
