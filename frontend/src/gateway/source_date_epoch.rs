//! `SOURCE_DATE_EPOCH` with a name: the time of the main context or of a named context.
//!
//! The rules are those of docker/dockerfile. A git repository has the time of its commit. A download has the
//! time of its last change; an archive without such a time has the time of the newest file in it. Folders,
//! images and other states have no time, and the build goes on as without the arg.

use buildkit_llb::{Copy, Definition, FileOp, Metadata, State, pb};
use buildkit_proto::moby::buildkit::v1::frontend as wire;

use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::{BuildFile, MainContext, solve};
use crate::gateway::calls::Reference;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::git_url::is_archive;
use crate::gateway::named::NamedContexts;
use crate::gateway::options::{Options, SourceDateEpoch};
use crate::spec::{Arguments, Spec};

/// The capability of the frontend API for asking for the time of a source.
const ASKS: &str = "source.metaresolver";

/// The options with the name replaced by its time.
///
/// # Errors
/// If the name is neither `context` nor a named context, or if the engine's answer is an error.
pub(super) fn resolved(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
) -> Result<Options, FrontendFailure> {
    let Some(SourceDateEpoch::Of(name)) = &options.source_date_epoch else { return Ok(options.clone()) };
    let seconds = seconds_of(bridge, options, file, name)?;
    Ok(Options { source_date_epoch: seconds.map(SourceDateEpoch::Seconds), ..options.clone() })
}

fn seconds_of(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    name: &str,
) -> Result<Option<i64>, FrontendFailure> {
    if name == "context" {
        return match &file.context {
            MainContext::State(state) => time_of(bridge, options, state, "main build context metadata"),
            MainContext::Client { .. } => Ok(None),
        };
    }
    let platform = super::build::build_platform(options);
    if let Some(image) = NamedContexts::new(bridge, options)?.stand_in(name, &platform)? {
        return time_of(bridge, options, &image.state, &format!("SOURCE_DATE_EPOCH named context {name}"));
    }
    let (spec, _) = Spec::parse(&file.source, Arguments::default());
    let text = if spec.is_some_and(|spec| spec.has_stage(name)) {
        format!(
            "SOURCE_DATE_EPOCH names the stage `{name}`, and no stage of this file is a download alone\n  \
             help: name `context` or a named context, or give seconds since 1970"
        )
    } else {
        format!("invalid SOURCE_DATE_EPOCH: {name}")
    };
    Err(FrontendFailure::new(text, &[]))
}

fn time_of(
    bridge: &Bridge,
    options: &Options,
    state: &State,
    what: &str,
) -> Result<Option<i64>, FrontendFailure> {
    let Some(source) = only_source(&state.marshal()) else { return Ok(None) };
    let is_git = source.identifier.starts_with("git://");
    let is_http = ["http://", "https://"].iter().any(|scheme| source.identifier.starts_with(scheme));
    if !is_git && !is_http {
        return Ok(None);
    }
    bridge
        .frontend_caps()
        .require(ASKS, &options.product)
        .map_err(|error| FrontendFailure::of(&error).context("SOURCE_DATE_EPOCH"))?;
    let request = wire::ResolveSourceMetaRequest {
        source: Some(source.clone()),
        log_name: format!("[internal] resolve {what}"),
        git: is_git.then_some(wire::ResolveSourceGitRequest { return_object: true }),
        ..wire::ResolveSourceMetaRequest::default()
    };
    let found = bridge.resolve_source_meta(request)?;
    if let Some(git) = found.git.filter(|git| !git.commit_object.is_empty()) {
        return Ok(commit_time(&String::from_utf8_lossy(&git.commit_object)));
    }
    if let Some(time) = found.http.and_then(|http| http.last_modified) {
        return Ok(Some(time.seconds));
    }
    if is_http { newest_in_archive(bridge, state, &source) } else { Ok(None) }
}

/// The source of a state, if it has exactly one.
fn only_source(definition: &Definition) -> Option<pb::SourceOp> {
    let mut sources = definition.ops().filter_map(|(_, op)| match &op.op {
        Some(pb::op::Op::Source(source)) => Some(source),
        _ => None,
    });
    let source = sources.next()?;
    sources.next().is_none().then(|| source.clone())
}

/// The time of a commit: the last but one word of its `committer` line, see git-commit-tree(1).
fn commit_time(object: &str) -> Option<i64> {
    let mut head = object.lines().take_while(|line| !line.is_empty());
    let line = head.find(|line| line.starts_with("committer "))?;
    line.rsplit(' ').nth(1)?.parse().ok()
}

/// The time of the newest file in a downloaded archive. The engine unpacks every kind of archive.
fn newest_in_archive(
    bridge: &Bridge,
    state: &State,
    source: &pb::SourceOp,
) -> Result<Option<i64>, FrontendFailure> {
    let Some(file) = source.attrs.get("http.filename") else { return Ok(None) };
    // The main context is already unpacked. A named context is still the archive itself.
    let is_file = state.marshal().ops().len() == 1;
    let unpacked = if is_file {
        let download = solve(bridge, &state.marshal())?;
        if !is_archive(&bridge.read_head(&download, file, 1024)?) {
            return Ok(None);
        }
        FileOp::on(&State::scratch())
            .copy(Copy::new(state, format!("/{file}"), "/").unpack(true))
            .meta(Metadata::named("[internal] unpack for SOURCE_DATE_EPOCH"))
            .state()
    } else {
        state.clone()
    };
    newest_below(bridge, &solve(bridge, &unpacked.marshal())?)
}

fn newest_below(bridge: &Bridge, reference: &Reference) -> Result<Option<i64>, FrontendFailure> {
    let mut newest = None;
    let mut folders = vec!["/".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in bridge.read_dir(reference, &folder, None)? {
            if entry.is_dir() {
                folders.push(format!("{}/{}", folder.trim_end_matches('/'), entry.path));
            } else if entry.is_file() {
                newest = newest.max(Some(entry.modified));
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_has_the_time_of_its_committer() {
        let object = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            author A U Thor <a@example.org> 1600000000 +0200\n\
            committer C O Mitter <c@example.org> 1700000000 -0300\n\n\
            committer nobody 1 +0000\n";
        assert_eq!(commit_time(object), Some(1_700_000_000));
        for broken in ["", "committer", "committer x", "tree 1\n\ncommitter a <b> 1 +0000"] {
            assert_eq!(commit_time(broken), None, "{broken}");
        }
    }
}
