//! The cost of a changed lock: one group of wheels is unpacked again, and one layer of the image changes.

use std::collections::{BTreeMap, BTreeSet};

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Outcome, Project, Published, Result, Wheel};

use crate::locked::{installed, project, pylock};

/// Enough for most of the 16 buckets, and one that is heavy enough for a layer of its own.
const NAMES: [&str; 12] =
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambdas", "mu"];

/// A wheel that is in no cache: steps are known by the content of what they read, wherever it came from.
fn fresh(index: &Index, name: &str, version: &str) -> Published {
    index.wheel(&Wheel::new(name, version).with(&format!("{name}_nonce.txt"), nonce().as_bytes()))
}

fn published(index: &Index) -> Vec<Published> {
    NAMES.iter().map(|name| fresh(index, name, "1.0")).collect()
}

/// The lock itself is no file of the app.
const ONLY_APP: &str = "app.include = [\"app.py\"]\n";

fn lock(files: &[Published]) -> String {
    pylock(&files.iter().collect::<Vec<_>>())
}

/// The unpacking steps that ran.
fn unpacked(outcome: &Outcome) -> BTreeSet<&str> {
    let steps = outcome.progress.named("[wheels] unpack: ");
    steps.into_iter().filter(|step| step.ran()).map(|step| step.name.as_str()).collect()
}

/// What of the layers is not the same in both, by name.
fn differing(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// Builds, changes the lock, builds again, and gives the steps that ran and the layers that differ.
fn change(project: &Project, after: &str) -> Result<(Vec<String>, Vec<String>)> {
    let first = Build::of(project).load().succeed()?;
    project.write("pylock.toml", after)?;
    let second = Build::of(project).load().succeed()?;
    let steps = unpacked(&second).into_iter().map(str::to_owned).collect();
    let layers = differing(&first.image()?.named_layers()?, &second.image()?.named_layers()?);
    Ok((steps, layers.into_iter().collect()))
}

#[test]
fn a_code_change_unpacks_nothing() -> Result {
    let index = Index::start()?;
    let project = project("pylock.toml", &lock(&published(&index)), ONLY_APP)?;
    let before = Build::of(&project).load().succeed()?;
    assert!(!unpacked(&before).is_empty(), "{}", before.transcript());
    project.write("app.py", "print('changed')\n")?;
    let after = Build::of(&project).load().succeed()?;
    assert_eq!(unpacked(&after), BTreeSet::new());
    assert_eq!(after.image()?.prints(&["python", "app.py"])?, "changed");
    let differing = differing(&before.image()?.named_layers()?, &after.image()?.named_layers()?);
    assert_eq!(differing, BTreeSet::from(["app: app.py to /app".to_owned()]));
    Ok(())
}

#[test]
fn a_bump_of_one_package_touches_one_group_and_one_layer() -> Result {
    let index = Index::start()?;
    let mut files = published(&index);
    let project = project("pylock.toml", &lock(&files), ONLY_APP)?;
    files[3] = fresh(&index, NAMES[3], "2.0");
    let (steps, layers) = change(&project, &lock(&files))?;
    let [layer] = &layers[..] else { panic!("not one layer: {layers:?}, {steps:?}") };
    assert!(layer.starts_with("wheels: wheels ") && layer.ends_with(" of 16"), "{layer}");
    let [step] = &steps[..] else { panic!("not one step: {steps:?}") };
    assert!(step.starts_with("[wheels] unpack: ") && step.contains(NAMES[3]), "{step}");
    let outcome = Build::of(&project).load().succeed()?;
    let versions = installed(outcome.image()?)?;
    assert!(
        versions.contains(&"delta 2.0 pybuild".to_owned()) && versions.len() == NAMES.len(),
        "{versions:?}"
    );
    Ok(())
}

#[test]
fn adding_and_removing_a_package_touch_one_group_each() -> Result {
    let index = Index::start()?;
    let all = published(&index);
    let (last, fewer) = (&all[NAMES.len() - 1], &all[..NAMES.len() - 1]);
    let project = project("pylock.toml", &lock(fewer), ONLY_APP)?;
    let (added, layers) = change(&project, &lock(&all))?;
    assert_eq!((added.len(), layers.len()), (1, 1), "adding {}: {added:?} {layers:?}", last.name);

    // All that is left of the group was unpacked before, unless the package was alone in it.
    let others: Vec<_> = all.iter().filter(|file| file.name != NAMES[0]).cloned().collect();
    let (removed, layers) = change(&project, &lock(&others))?;
    assert!(removed.len() <= 1 && layers.len() == 1, "removing {}: {removed:?} {layers:?}", NAMES[0]);
    Ok(())
}

#[test]
fn a_heavy_package_is_a_layer_of_its_own() -> Result {
    let index = Index::start()?;
    // Heavy is what has 1 MiB as it is fetched; these archives do not compress.
    let heavy = |version: &str| {
        let table = nonce().repeat(1 << 16);
        let wheel = Wheel::new("heavy", version).with("heavy_data/table.txt", table.as_bytes());
        index.wheel(&wheel)
    };
    let mut files = published(&index);
    files.push(heavy("1.0"));
    let project = project("pylock.toml", &lock(&files), ONLY_APP)?;
    files.pop();
    files.push(heavy("1.1"));
    let (steps, layers) = change(&project, &lock(&files))?;
    assert_eq!(steps, ["[wheels] unpack: heavy 1.1"]);
    assert_eq!(layers, ["wheels: heavy 1.0", "wheels: heavy 1.1"]);
    Ok(())
}
