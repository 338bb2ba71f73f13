//! Measures the command line with the largest files that a user could give to a build. The time and the
//! memory are measured for reading, planning and drawing a project, which the frontend does too.
//!
//! The time is compared with the time for half the size, so the result does not depend on the machine. The
//! memory has a fixed limit. All sizes are the total size of the files.
//!
//! By default the files are small, and the tests find only crashes and endless loops.
//! `PYBUILD_LIMITS_GROWTH=65536` makes the files large enough to compare times, as in `.ci/run`.
//!
//! `PYBUILD_LIMITS=1048576 cargo test --release -p pybuild --test limits -- --nocapture` prints the cost of 1
//! MiB. `PYBUILD_LIMITS_BINARY` names another binary, such as the binary of the image.

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
