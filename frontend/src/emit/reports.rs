//! Checks with reports. An engine exports nothing from a failed build. So such a check has two steps: the
//! first runs the check, keeps its reports and always succeeds, and the second fails if the check has failed.

use buildkit_llb::{Copy, FileOp, Metadata, MkDir, Mount, State};

use super::run::PASSED;
use super::script::{Script, script};
use super::{Emitter, ImageConfig};
use crate::plan::{CheckPlan, RunPlan, StagePlan};

const CHECK: Script = script!("check.sh", "script for checks");
const VERDICT: Script = script!("verdict.sh", "script for checks that leave reports");
/// The folder in which the reports of a check are collected.
const CHECKED: &str = "/run/pybuild/checked";
/// The path of this folder in the mounted state. A check may run as any user, so every user may write to it.
const FOLDER: &str = "/checked";

/// The reports of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// The check's name.
    pub(super) check: String,
    /// A state with the reports in [`FOLDER`].
    pub(super) state: State,
}

/// The command of a check, inside of the script that keeps its reports.
pub(super) fn wrapped(check: &CheckPlan) -> RunPlan {
    let mut run = check.run.clone();
    let fixed = ["/bin/sh".to_owned(), CHECK.path(), check.reports.len().to_string()];
    run.arguments = fixed.into_iter().chain(check.reports.iter().cloned()).chain(run.arguments).collect();
    run
}

/// The mounts that [`wrapped`] needs: the script, and the folder for the reports.
pub(super) fn mounts() -> [Mount; 2] {
    let named = || Metadata::named("[internal] reports");
    let made = FileOp::on(&State::scratch()).mkdir(MkDir::new(FOLDER).timestamp(0)).meta(named()).state();
    // The engine's umask removes permissions when it makes a folder, but not when it copies one.
    let copy = Copy::new(&made, FOLDER, FOLDER).mode(0o777).timestamp(0);
    let folder = FileOp::on(&State::scratch()).copy(copy).meta(named()).state();
    [CHECK.mount(), Mount::bind(&folder, CHECKED).selector(FOLDER)]
}

/// The content of the folder after the step.
pub(super) fn kept(check: &CheckPlan, output: impl FnOnce(&str) -> State) -> Report {
    Report { check: check.name.clone(), state: output(CHECKED) }
}

impl Emitter<'_> {
    /// The step that fails if the check has failed. Its output shows that the check has passed.
    pub(super) fn verdict(
        &self,
        stage: &StagePlan,
        check: &CheckPlan,
        report: &Report,
        root: &State,
        config: &ImageConfig,
    ) -> State {
        let exec = self.shell(VERDICT, std::slice::from_ref(&check.name), config);
        let exec = exec.mount(Mount::bind(&report.state, CHECKED).selector(FOLDER).read_only());
        let exec = exec.mount(Mount::scratch(PASSED));
        let title = format!("verdict: {}", check.name);
        exec.meta(self.metadata(&stage.name, &title, check.span)).run(root).output(PASSED)
    }
}

/// A file system with one folder for each check; `None` if no check has reports.
pub(super) fn exported(reports: &[Report]) -> Option<State> {
    let mut op = FileOp::on(&State::scratch());
    for Report { check, state } in reports {
        let copy = Copy::new(state, FOLDER, format!("/{check}"));
        op = op.copy(copy.dir_contents_only(true).create_dest_path(true));
    }
    let op = op.meta(Metadata::named("[internal] reports of checks"));
    (!reports.is_empty()).then(|| op.state())
}
