//! Packages in different layers that have files with the same path. The image has the file that pip would
//! keep.

use std::collections::BTreeSet;

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Outcome, Project, Published, Result, Wheel};

use crate::locked::{HEAD, project, pylock};

/// The lock itself is no file of the app.
const ONLY_APP: &str = "app.include = [\"app.py\"]\n";

/// The build file of a project that pip installs.
const BY_PIP: &str = "dependencies.installer = \"pip\"\napp.include = [\"app.py\"]\n";

/// Who has written the files that several packages bring.
const WHO: &str = "import shared, shared.more; print(shared.WHO, shared.more.WHO)";

/// A wheel that is heavy enough for a layer of its own, with the package `shared`. The heaviest layer is the
/// lowest.
fn sharing(name: &str, tag: &str, mebibytes: usize) -> Wheel {
    let who = format!("WHO = \"{name}\"  # {tag}\n");
    let ballast = tag.repeat((mebibytes << 20) / tag.len() + 1);
    Wheel::new(name, "1.0")
        .with("shared/__init__.py", who.as_bytes())
        .with("shared/more.py", who.as_bytes())
        .with("shared/same.py", b"SAME = True\n")
        .with(&format!("{name}_data/ballast.txt"), ballast.as_bytes())
}

/// What a real pip leaves: the same wheels, installed by the pip of the image.
fn as_pip_has_it(wheels: &[&Wheel]) -> Result<String> {
    let names: Vec<_> = wheels.iter().map(|wheel| format!("./wheels/{}\n", wheel.file())).collect();
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}{BY_PIP}")),
        ("app.py", "print('pip')\n"),
        ("requirements.txt", &names.concat()),
    ])?;
    for wheel in wheels {
        project.write_bytes(&format!("wheels/{}", wheel.file()), &wheel.bytes())?;
    }
    Build::of(&project).load().succeed()?.image()?.prints(&["python", "-c", WHO])
}

/// The names of the steps that ran, of those that make an environment.
fn ran(outcome: &Outcome) -> BTreeSet<String> {
    let kinds = ["[wheels] ", "venv: /venv", "pip of the base image"];
    let steps = outcome.progress.steps().filter(|step| step.ran());
    let steps = steps.filter(|step| kinds.iter().any(|kind| step.name.contains(kind)));
    // A wheel that is known by its digest is asked for that alone.
    steps.filter(|step| step.group.is_none()).map(|step| step.name.clone()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn warning(first: &str, last: &str) -> String {
    format!(
        "warning: {first}-1.0-py3-none-any.whl and {last}-1.0-py3-none-any.whl both bring \
         2 files, such as `lib/python3.11/site-packages/shared/__init__.py`, with different contents: those of \
         {last}-1.0-py3-none-any.whl are kept"
    )
}

#[test]
fn a_fork_whose_layer_is_below_that_of_the_original_gets_a_common_layer() -> Result {
    let (index, tag) = (Index::start()?, nonce());
    // The fork is heavier, so that the original would lie above.
    let (fork, original) = (sharing("fork", &tag, 3), sharing("original", &tag, 2));
    let third =
        |version: &str| index.wheel(&Wheel::new("third", version).with("third.txt", nonce().as_bytes()));
    let mut files = vec![index.wheel(&fork), index.wheel(&original), third("1.0")];
    let lock = |files: &[Published]| pylock(&files.iter().collect::<Vec<_>>());
    let project = project("pylock.toml", &lock(&files), ONLY_APP)?;
    let first = Build::of(&project).load().succeed()?;
    let expected = as_pip_has_it(&[&fork, &original])?;
    assert_eq!(expected, "fork fork", "pip goes backwards by name");
    assert_eq!(first.image()?.prints(&["python", "-c", WHO])?, expected);
    let log = first.progress.log_of(first.step("unpack: fork, original")?);
    assert!(log.contains(&warning("original", "fork")), "{log}");
    let layers = first.image()?.named_layers()?;
    assert!(layers.contains_key("wheels: with the same files: fork, original"), "{layers:?}");
    assert!(!layers.contains_key("wheels: fork 1.0"), "{layers:?}");

    // The next build finds the decision.
    let second = Build::of(&project).load().succeed()?;
    assert_eq!(ran(&second), BTreeSet::new(), "{}", second.transcript());
    assert_eq!(second.image()?.layers()?, first.image()?.layers()?);

    // Another package costs what it costs elsewhere.
    files[2] = third("2.0");
    project.write("pylock.toml", &lock(&files))?;
    let bumped = Build::of(&project).load().succeed()?;
    let steps = ["[wheels] unpack: third 2.0", "[wheels] compare: files of 3 layers"];
    assert_eq!(ran(&bumped), set(&steps), "{}", bumped.transcript());
    assert_eq!(bumped.image()?.prints(&["python", "-c", WHO])?, expected);
    Ok(())
}

#[test]
fn where_the_upper_layer_is_right_a_warning_is_all() -> Result {
    let (index, tag) = (Index::start()?, nonce());
    // The fork is lighter, so that it lies above.
    let (fork, original) = (sharing("fork", &tag, 2), sharing("original", &tag, 3));
    let lock = pylock(&[&index.wheel(&fork), &index.wheel(&original)]);
    let project = project("pylock.toml", &lock, ONLY_APP)?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "-c", WHO])?, as_pip_has_it(&[&fork, &original])?);
    let log = outcome.progress.log_of(outcome.step("compare: files of 2 layers")?);
    assert!(log.contains(&warning("original", "fork")), "{log}");
    assert!(outcome.image()?.named_layers()?.contains_key("wheels: fork 1.0"));
    // A code change compares nothing.
    project.write("app.py", "print('changed')\n")?;
    let changed = Build::of(&project).load().succeed()?;
    assert_eq!(ran(&changed), BTreeSet::new(), "{}", changed.transcript());
    assert_eq!(changed.image()?.prints(&["python", "app.py"])?, "changed");
    Ok(())
}

#[test]
fn a_groups_package_that_pip_installs_first_does_not_hide_what_lies_below() -> Result {
    let (index, tag) = (Index::start()?, nonce());
    let (base, group) = (sharing("alpha", &tag, 2), sharing("beta", &tag, 2));
    let entry = pylock(&[&index.wheel(&group)]);
    let entry = entry.split_once("\n[[packages]]\n").map_or("", |(_, entry)| entry);
    let lock = pylock(&[&index.wheel(&base)]).replacen(
        "created-by",
        "dependency-groups = [\"dev\"]\ndefault-groups = []\ncreated-by",
        1,
    );
    let lock = format!("{lock}\n[[packages]]\nmarker = \"'dev' in dependency_groups\"\n{entry}");
    let project = project("pylock.toml", &lock, ONLY_APP)?;
    let production = Build::of(&project).load().succeed()?;
    let dev = Build::of(&project).target("dev").load().succeed()?;
    let expected = as_pip_has_it(&[&base, &group])?;
    assert_eq!(expected, "alpha alpha", "pip goes backwards by name");
    for outcome in [&production, &dev] {
        assert_eq!(outcome.image()?.prints(&["python", "-c", WHO])?, expected);
    }
    let log = dev.progress.log_of(dev.step("unpack: alpha, beta")?);
    assert!(log.contains(&warning("beta", "alpha")), "{log}");
    // What lies below is the layer of the image that ships.
    let name = "wheels: alpha 1.0";
    let (production, layers) = (production.image()?.named_layers()?, dev.image()?.named_layers()?);
    assert_eq!(production.get(name), layers.get(name));
    assert!(layers.contains_key("wheels: with the same files: alpha, beta"), "{layers:?}");
    let again = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(ran(&again), BTreeSet::new(), "{}", again.transcript());
    Ok(())
}

#[test]
fn a_file_of_one_layer_in_the_place_of_a_folder_of_another_is_refused() -> Result {
    let (index, tag) = (Index::start()?, nonce());
    let ballast = tag.repeat((2 << 20) / tag.len());
    let file = Wheel::new("file", "1.0").with("shared", b"").with("file.txt", ballast.as_bytes());
    let lock = pylock(&[&index.wheel(&file), &index.wheel(&sharing("folder", &tag, 3))]);
    let outcome = Build::of(&project("pylock.toml", &lock, ONLY_APP)?).fail()?;
    let told = "cannot install `file-1.0-py3-none-any.whl`";
    assert!(
        outcome.errors.contains(told) || outcome.progress.logs().contains(told),
        "{}",
        outcome.transcript()
    );
    Ok(())
}
