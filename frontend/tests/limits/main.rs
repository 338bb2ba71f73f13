//! What the largest files cost that somebody could hand to a build: time and memory of the command line,
//! which reads, plans and draws a project as the frontend does.
//!
//! Time is compared with that of half the size, so that nothing depends on the machine; memory has a fixed
//! bound. All sizes are those of the files taken together.
//!
//! The files are small where nothing else is said: crashes and what has no end are found.
//! `PYBUILD_LIMITS_GROWTH=65536` makes them large enough to compare times, as `.ci/run` does.
//!
//! `PYBUILD_LIMITS=1048576 cargo test --release -p pybuild --test limits -- --nocapture` prints what 1 MiB
//! costs; `PYBUILD_LIMITS_BINARY` names another binary than the one that the test comes with, such as that of
//! the image.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests, and what they share")]
#![expect(clippy::needless_pass_by_value, reason = "texts are made to be put into a project")]
#![expect(clippy::cast_precision_loss, reason = "a table for people")]

mod build_files;
mod keys;
mod locks;
mod measure;
mod projects;

use measure::{Project, hold};

/// Cases of a file, each with a name and the project that it makes of a size in bytes.
type Case = (&'static str, fn(usize) -> Project);

fn all(cases: &[Case]) {
    let made = cases.iter().map(|(name, make)| ((*name).to_owned(), *make));
    hold(made.map(|(name, make)| (name, Box::new(make) as Box<dyn Fn(usize) -> Project>)));
}

#[test]
fn every_key_of_the_build_file_costs_what_it_is_long() {
    hold(keys::cases());
}

#[test]
fn stages_and_steps_cost_what_they_are_long() {
    all(&build_files::CASES);
}

#[test]
fn manifests_and_requirements_cost_what_they_are_long() {
    all(&projects::CASES);
}

#[test]
fn locks_cost_what_they_are_long() {
    all(&locks::CASES);
}
