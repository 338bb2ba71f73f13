//! `pybuild llb`: the graph of a build as JSON, for developers of frontends.

use super::arguments::Build;
use super::error::CliError;
use super::folder::Opened;
use super::{Answer, offline, platform};

pub(super) fn run(build: &Build) -> Result<Answer, CliError> {
    let opened = Opened::new(&build.project)?;
    let platform = platform::one_of(build.platform.as_deref())?;
    let prepared = opened.plan(build.target.as_deref(), &platform)?;
    let image = offline::emit(&opened, &prepared, &platform)?;
    let result = image.state.marshal().to_json_text();
    Ok(Answer { result, notes: offline::notes(&prepared), code: 0 })
}
