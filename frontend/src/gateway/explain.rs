//! Explains an engine's failure that the user can fix, in the form of our own problems. The failure keeps the
//! engine's source lines.

use buildkit_llb::{Definition, State};
use buildkit_proto::pb;

use crate::diagnostics::nearest;
use crate::diagnostics::{Problem, Span};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::{Reference, SolveRequest};
use crate::gateway::errors::{FrontendFailure, RpcError};
use crate::gateway::report::place;
use crate::install::NO_PYTHON;
use crate::plan::{Access, Action, CopyPlan, CopySource, Plan, RunPlan, StagePlan};
use crate::spec::NetworkMode;

/// The largest number of names of a folder that help the user.
const MOST_NAMES: usize = 12;

/// The failure of a step. If the reason is known, the message explains it.
pub(super) fn explained(error: RpcError, access: &Access) -> FrontendFailure {
    let problem = not_passed(error.message(), access);
    let failure = FrontendFailure::from(error);
    match problem {
        Some(problem) => failure.reworded(problem.with_help()),
        None => failure,
    }
}

/// Like [`explained`], for steps of plans and their graphs. It also searches for a path that a copy did not
/// find.
pub(super) fn explained_build(
    error: RpcError,
    bridge: &Bridge,
    file: &BuildFile,
    plans: &[&Plan],
    graphs: &[Definition],
) -> FrontendFailure {
    let no_access = Access::default();
    let access = plans.first().map_or(&no_access, |plan| &plan.access);
    let missing = missing_path(error.message()).map(str::to_owned);
    let refused = not_passed(error.message(), access);
    let without_python = without_python(error.message());
    let failure = explained(error, access);
    if let Some(command) = without_python {
        return no_python(failure, &command, file, plans);
    }
    let asks: Option<fn(&RunPlan) -> bool> = match refused {
        Some(Problem::HostNetworkNotAllowed) => Some(|run| run.network == NetworkMode::Host),
        Some(Problem::InsecureNotAllowed) => Some(|run| run.insecure),
        _ => None,
    };
    if let Some(asks) = asks {
        // The engine refused the whole graph and did not name the step.
        let asked = plans.iter().flat_map(|plan| &plan.stages).find_map(|stage| asking(stage, asks));
        return asked.map_or(failure.clone(), |span| failure.at(&place(file, span)));
    }
    let vertices = failure.failed_vertices();
    let Some(missing) = missing else { return failure };
    let found = graphs.iter().find_map(|graph| failed_copy(graph, &vertices, &missing));
    let Some((source, path)) = found else { return failure };
    let copies = plans.iter().flat_map(|plan| plan.copies()).map(|(copy, _, _)| copy);
    let mut copies = copies.filter(|copy| format!("/{}", copy.path.trim_start_matches('/')) == path);
    let Some(copy) = copies.next() else { return failure };
    failure.reworded(nothing_to_copy(copy, &path, &source, bridge).with_help())
}

/// The tool's command that found no matching Python in a base.
fn without_python(message: &str) -> Option<String> {
    let rest = message.strip_suffix(&format!("did not complete successfully: exit code: {NO_PYTHON}"))?;
    let (_, words) = rest.split_once("\"/run/pybuild/tool tool ")?;
    words.split(' ').next().map(str::to_owned)
}

/// The failure for a base without a matching Python, at the place where the build file names the base. The
/// step's output lists the Pythons of the base.
fn no_python(failure: FrontendFailure, command: &str, file: &BuildFile, plans: &[&Plan]) -> FrontendFailure {
    let builder = plans.iter().find_map(|plan| plan.builder.as_ref());
    let version = builder.and_then(|builder| builder.python).map(|version| version.to_string());
    let problem = Problem::BaseWithoutPython { version: version.unwrap_or_else(|| "3".to_owned()) };
    let failure = failure.reworded(problem.with_help());
    // The environment is made on the runtime base, and the `venv` step already has the right place. Packages
    // are compiled on `build-base`.
    match builder.and_then(|builder| builder.base_span).filter(|_| command != "venv") {
        Some(span) => failure.moved(&[place(file, span)]),
        None => failure,
    }
}

/// The place where a stage asks for a permission.
fn asking(stage: &StagePlan, asks: fn(&RunPlan) -> bool) -> Option<Span> {
    let runs = stage.steps.iter().filter_map(|step| match &step.action {
        Action::Run(run) => Some((run, step.span)),
        _ => None,
    });
    let mut all = runs.chain(stage.checks.iter().map(|check| (&check.run, check.span)));
    all.find(|(run, _)| asks(run)).map(|(_, span)| span)
}

/// The problem if the client did not pass a secret or an agent that the build needs.
pub(super) fn not_passed(message: &str, access: &Access) -> Option<Problem> {
    let word = |text: &str| text.split([' ', ':', '"']).next().unwrap_or_default().to_owned();
    if message.ends_with(": not found")
        && let Some((_, rest)) = message.rsplit_once("secret ")
    {
        let id = rest.strip_suffix(": not found")?.to_owned();
        let is_id = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        is_id.then_some(())?;
        let index = &access.index;
        let ours = [&index.netrc, &index.auth, &access.ca];
        let can_be_optional = !ours.into_iter().flatten().any(|ours| *ours == id);
        return Some(Problem::SecretNotPassed { id, can_be_optional });
    }
    if let Some((_, rest)) = message.split_once("no SSH key \"") {
        return Some(Problem::AgentNotPassed { id: word(rest) });
    }
    if let Some((_, rest)) = message.split_once("unset ssh forward key ") {
        return Some(Problem::AgentNotPassed { id: word(rest) });
    }
    if message.contains("security.insecure is not allowed") {
        return Some(Problem::InsecureNotAllowed);
    }
    message.contains("network.host is not allowed").then_some(Problem::HostNetworkNotAllowed)
}

/// The path that a copy did not find. The engine's message is `…: "/path": not found`, `lstat /path: no such
/// file or directory`, or `/path/* not found` for a pattern.
fn missing_path(message: &str) -> Option<&str> {
    let quoted = message.strip_suffix("\": not found").and_then(|rest| rest.rsplit_once('"'));
    let quoted = quoted.map(|(_, path)| path);
    let plain = || {
        let rest = message.strip_suffix(": no such file or directory")?;
        rest.rsplit_once("lstat ").map(|(_, path)| path)
    };
    let pattern = || message.strip_suffix(" not found").filter(|path| path.contains(['*', '?', '[']));
    quoted.or_else(plain).or_else(pattern).filter(|path| path.starts_with('/'))
}

/// The copy of a graph that failed because `missing` does not exist: its source state and its source path.
fn failed_copy(graph: &Definition, vertices: &[String], missing: &str) -> Option<(State, String)> {
    let failed = graph.ops().filter(|(digest, _)| vertices.iter().any(|vertex| vertex == digest.as_str()));
    failed.into_iter().find_map(|(_, op)| {
        let Some(pb::op::Op::File(file)) = &op.op else { return None };
        file.actions.iter().find_map(|action| {
            let Some(pb::file_action::Action::Copy(copy)) = &action.action else { return None };
            copy.src.starts_with(missing).then_some(())?;
            let input = usize::try_from(action.secondary_input).ok().and_then(|at| op.inputs.get(at))?;
            Some((graph.state_of(input).ok()?, copy.src.clone()))
        })
    })
}

fn nothing_to_copy(copy: &CopyPlan, path: &str, source: &State, bridge: &Bridge) -> Problem {
    let (from, target) = match &copy.from {
        CopySource::Context => ("the build context".to_owned(), None),
        CopySource::Stage(name) => (format!("stage `{name}`"), Some(name.as_str())),
        CopySource::Builder => ("stage `builder`".to_owned(), Some("builder")),
        CopySource::Image(image) => (format!("image `{}`", image.familiar()), None),
        CopySource::Dockerfile(made) => (made.title(), None),
        CopySource::Download(archive) => (format!("`{}`", archive.file.url), None),
        CopySource::Git(commit) => (format!("`{}`", commit.url), None),
    };
    let near = match bridge.solve(SolveRequest::new(&source.marshal())) {
        Ok(Some(reference)) => near(bridge, &reference, path),
        // An error here only loses a hint.
        Ok(None) | Err(_) => Near::default(),
    };
    let mut help = Vec::new();
    if near.path.is_none() && !near.names.is_empty() {
        let names: Vec<_> = near.names.iter().map(|name| format!("`{name}`")).collect();
        help.push(format!("`{}` there has {}", near.folder, names.join(", ")));
    }
    if let Some(target) = target {
        help.push(format!("look for it: `--target {target} --output type=local,dest=out`"));
    }
    let shown = |path: &str| match copy.from {
        CopySource::Context => path.trim_start_matches('/').to_owned(),
        _ => path.to_owned(),
    };
    Problem::NothingToCopy { path: shown(path), from, suggestion: near.path.as_deref().map(shown), help }
}

/// Paths similar to a missing path.
#[derive(Debug, Default, PartialEq, Eq)]
struct Near {
    /// An existing path that the user most likely meant.
    path: Option<String>,
    /// The last folder of the missing path that exists.
    folder: String,
    /// The names in this folder.
    names: Vec<String>,
}

/// Follows a path as far as it exists. At the first missing name it continues with the most similar name. The
/// part after a wildcard is kept unchanged.
fn near(bridge: &Bridge, reference: &Reference, path: &str) -> Near {
    let mut there = String::new();
    let mut gap = None;
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    while let Some(part) = parts.next() {
        let folder = if there.is_empty() { "/".to_owned() } else { there.clone() };
        let entries = bridge.read_dir(reference, &folder, None).unwrap_or_default();
        let names: Vec<_> = entries.into_iter().map(|entry| entry.path).collect();
        let is_there = names.iter().any(|name| name == part);
        let next =
            if is_there { Some(part.to_owned()) } else { nearest(part, names.iter().map(String::as_str)) };
        let is_pattern = part.contains(['*', '?', '[']);
        if !is_there && gap.is_none() {
            let names = if names.len() > MOST_NAMES { Vec::new() } else { names };
            let near = Near { path: None, folder, names };
            if is_pattern {
                return near;
            }
            gap = Some(near);
        }
        if is_pattern {
            let rest: Vec<_> = std::iter::once(part).chain(parts).collect();
            there = format!("{there}/{}", rest.join("/"));
            break;
        }
        let Some(next) = next else { return gap.unwrap_or_default() };
        there = format!("{there}/{next}");
    }
    Near { path: Some(there), ..gap.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Index;

    fn told(message: &str) -> Option<String> {
        let index = Index { netrc: Some("login".to_owned()), ..Index::default() };
        not_passed(message, &Access { index, ca: None }).map(|problem| problem.with_help())
    }

    #[test]
    fn what_was_not_passed_is_told_with_the_option_that_passes_it() {
        assert_eq!(
            told("secret token: not found").as_deref(),
            Some(
                "the secret `token` was not passed to this build\n  \
                 help: pass it: `--secret id=token,src=FILE` or `--secret id=token,env=VARIABLE`\n  \
                 help: or let the step do without: `secrets = [{ id = \"token\", required = false }]`"
            )
        );
        // A secret that an index needs cannot be optional.
        assert_eq!(
            told("failed to retrieve HTTP auth secret login: secret login: not found").as_deref(),
            Some(
                "the secret `login` was not passed to this build\n  \
                 help: pass it: `--secret id=login,src=FILE` or `--secret id=login,env=VARIABLE`"
            )
        );
        let agent = "no SSH agent `deploy` was passed to this build\n  help: pass it: `--ssh deploy`, with an agent that runs";
        assert_eq!(told("no SSH key \"deploy\" forwarded from the client").as_deref(), Some(agent));
        assert_eq!(told("unset ssh forward key deploy").as_deref(), Some(agent));
        assert_eq!(told("process \"/bin/sh\" did not complete successfully: exit code: 1"), None);
        assert_eq!(told("registry.example/secret image: v1: not found"), None);
    }

    #[test]
    fn the_path_that_a_copy_misses_is_read_from_the_words_of_the_engine() {
        let checksum =
            "failed to compute cache key: failed to calculate checksum of ref a::b: \"/out/dst\": not found";
        assert_eq!(missing_path(checksum), Some("/out/dst"));
        assert_eq!(missing_path("lstat /asets: no such file or directory"), Some("/asets"));
        assert_eq!(missing_path("/assets/*.zip not found"), Some("/assets/*.zip"));
        assert_eq!(missing_path("docker.io/library/python:3.99: not found"), None);
    }
}
