//! Conda environments. The engine fetches each package by its hash, and py-rattler from the Python index
//! installs the packages.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

use super::environment::{LISTS, MOUNTED, step};
use super::words::{Dockerfile, mount, shell, stage_name, words};
use crate::cli::folder::Prepared;
use crate::cli::offline::Nothing;
use crate::diagnostics::Diagnostics;
use crate::plan::{Access, CondaFrom, CondaPlan, CondaSet, Groups, WheelSet};
use crate::resolve::wheel_sets;

/// The prefix of the names of stages with packages.
const PACKAGES: &str = "conda-packages";

/// The folder of the package files during the installation.
const FILES: &str = "/run/conda";

/// The number of files in one stage. Engines support only about a hundred layers.
const TOGETHER: usize = 50;

/// The program that installs packages.
const PROGRAM: &str = include_str!("conda.py");

/// The pinned version of py-rattler.
const RATTLER: &str = include_str!("../../emit/scripts/rattler.txt");

/// The name of the stage in which an environment is made. This stage has pip; the image of the environment
/// may have none.
pub(super) fn name(groups: &Groups) -> String {
    match groups.names.as_slice() {
        [] => "conda".to_owned(),
        names => stage_name(&format!("conda-with-{}", names.join("-"))),
    }
}

/// The locked packages of each environment. Requirements that are not locked are left to pip.
pub(super) fn sets(prepared: &Prepared, platform: &Platform) -> BTreeMap<Vec<String>, WheelSet> {
    let wanted: BTreeSet<_> = prepared.plan.environments().map(|groups| groups.names.clone()).collect();
    let wanted = wanted.into_iter().chain([Vec::new()]).collect();
    // All problems were reported when the plan was made.
    let mut found = Diagnostics::default();
    let (spec, project) = (&prepared.spec, &prepared.project);
    let sets = wheel_sets(spec, project, &wanted, (platform, None), &Nothing, &mut found);
    let mut sets = sets.unwrap_or_default();
    // Editable packages are installed together with the app.
    for set in sets.values_mut() {
        set.take_editable();
    }
    sets
}

/// The packages of an environment, by file name.
fn packages(set: &CondaSet) -> BTreeMap<&str, &CondaPlan> {
    let all = set.layers().flat_map(|layer| &layer.packages);
    all.map(|package| (package.file.as_str(), package)).collect()
}

/// Writes stages with the files of all packages. The files are downloaded in parallel.
pub(super) fn files(out: &mut Dockerfile, sets: &BTreeMap<Vec<String>, WheelSet>) {
    let all: BTreeMap<&str, &CondaPlan> =
        sets.values().filter_map(|set| set.conda.as_ref()).flat_map(packages).collect();
    let fetched: Vec<(&str, &str, &str)> = all
        .values()
        .filter_map(|package| match &package.from {
            CondaFrom::Http(url) => Some((package.file.as_str(), package.sha256.as_str(), url.as_str())),
            CondaFrom::Context(_) => None,
        })
        .collect();
    for (number, some) in fetched.chunks(TOGETHER).enumerate() {
        out.blank();
        if number == 0 {
            out.comment("The conda packages.");
        }
        out.instruction(format!("FROM scratch AS {}", stage(number)));
        for (file, sha256, url) in some {
            out.instruction(format!("ADD --checksum=sha256:{sha256} {}", words(&[url, &format!("/{file}")])));
        }
    }
}

fn stage(number: usize) -> String {
    if number == 0 { PACKAGES.to_owned() } else { format!("{PACKAGES}-{}", number + 1) }
}

/// The contents of the stage with the lists: the packages of each environment, and the program that installs
/// them.
pub(super) fn lists(sets: &BTreeMap<Vec<String>, WheelSet>) -> Dockerfile {
    let places = places(sets);
    let mut body = Dockerfile::default();
    for (groups, set) in sets {
        let packages = set.conda.iter().flat_map(packages).map(|(_, package)| package);
        let lines: Vec<String> = packages
            .map(|package| {
                let (place, address) = match &package.from {
                    CondaFrom::Http(url) => {
                        (places.get(package.file.as_str()).cloned().unwrap_or_default(), url.as_str())
                    }
                    CondaFrom::Context(path) => (format!("/run/context/{path}"), path.as_str()),
                };
                format!("{}\t{place}\t{address}", package.sha256)
            })
            .collect();
        body.file("PACKAGES", &format!("/{}.conda.txt", list(groups)), &lines);
    }
    body.file("PROGRAM", "/conda.py", &PROGRAM.lines().collect::<Vec<_>>());
    body.file("REQUIREMENTS", "/rattler.txt", &RATTLER.lines().collect::<Vec<_>>());
    body
}

fn list(groups: &[String]) -> String {
    if groups.is_empty() { "project".to_owned() } else { groups.join("-") }
}

/// The paths of package files during the installation.
fn places(sets: &BTreeMap<Vec<String>, WheelSet>) -> BTreeMap<&str, String> {
    let all: BTreeMap<&str, &CondaPlan> =
        sets.values().filter_map(|set| set.conda.as_ref()).flat_map(packages).collect();
    let fetched = all.values().filter(|package| matches!(package.from, CondaFrom::Http(_)));
    fetched
        .enumerate()
        .map(|(at, package)| {
            (package.file.as_str(), format!("{FILES}/{}/{}", stage(at / TOGETHER), package.file))
        })
        .collect()
}

/// Writes the step that makes an environment, or adds packages to an existing one.
pub(super) fn install(
    out: &mut Dockerfile,
    access: &Access,
    groups: &[String],
    sets: &BTreeMap<Vec<String>, WheelSet>,
) {
    let mut mounts = vec![
        mount(&[("type", "cache"), ("target", "/root/.cache/pip")]),
        mount(&[("type", "tmpfs"), ("target", "/opt/rattler")]),
        mount(&[("type", "tmpfs"), ("target", "/root/.cache/rattler")]),
        mount(&[("type", "bind"), ("from", LISTS), ("target", MOUNTED)]),
    ];
    for number in 0..places(sets).len().div_ceil(TOGETHER) {
        let name = stage(number);
        mounts.push(mount(&[("type", "bind"), ("from", &name), ("target", &format!("{FILES}/{name}"))]));
    }
    for path in sets.get(groups).and_then(|set| set.conda.as_ref()).iter().flat_map(|set| set.context_paths())
    {
        let target = format!("/run/context/{path}");
        mounts.push(mount(&[("type", "bind"), ("source", path), ("target", &target)]));
    }
    let list = format!("{MOUNTED}/{}.conda.txt", list(groups));
    let commands = [
        vec![format!(
            "python3 -m pip install --quiet --no-input --disable-pip-version-check --root-user-action=ignore --no-deps \
             --require-hashes --only-binary :all: --target /opt/rattler -r {MOUNTED}/rattler.txt"
        )],
        vec![format!("PYTHONPATH=/opt/rattler python3 {MOUNTED}/conda.py {}", shell(&[&list]))],
    ];
    step(out, access, true, &mounts, &commands);
}
