//! The builder and its environments: OS packages, the venv, and the packages that pip installs.

use std::collections::BTreeMap;

use buildkit_llb::Platform;

use super::conda;
use super::packages::install_packages;
use super::words::{Dockerfile, mount, shell, stage_name};
use crate::cli::folder::Prepared;
use crate::cli::plan::chosen;
use crate::emit::VERSION_VARIABLES;
use crate::lock::Source;
use crate::plan::{
    Access, Action, AppFiles, BasePlan, BuildFrom, Builder, CopyPlan, Groups, Plan, PythonBase, WheelFrom,
    WheelSet,
};
use crate::project::Places;
use crate::select::{Selected, Take};
use crate::spec::ContextPath;

/// The stage with the lists of packages for pip.
pub(super) const LISTS: &str = "pybuild-requirements";

/// The folder of files and folders of the context while pip runs.
const CONTEXT: &str = "/run/context";

/// The folder of the lists while pip runs.
pub(super) const MOUNTED: &str = "/run/requirements";

/// The name of the stage with the environment of some groups.
pub(super) fn name(groups: &Groups) -> String {
    match groups.names.as_slice() {
        [] => "builder".to_owned(),
        names => stage_name(&format!("builder-with-{}", names.join("-"))),
    }
}

/// The packages that an environment adds to the previous one.
struct Wanted {
    /// The name of the list without its suffix.
    list: String,
    /// Requirements with exact versions and hashes.
    hashed: Vec<String>,
    /// Requirements without hashes.
    plain: Vec<String>,
    /// Files and folders of the context to install.
    context: Vec<String>,
    /// Requirements files of the context and the files that they include, if nothing is locked.
    files: Option<(Vec<String>, Vec<String>)>,
    /// The requirements files that are rewritten, with their new text.
    rewritten: BTreeMap<String, String>,
    /// Folders and archives of the context that the requirements files name.
    sources: Vec<String>,
    /// The variables before a pip command that builds files of the context, see [`given_version`].
    given: Option<String>,
}

impl Wanted {
    /// An empty list for `groups`.
    fn new(list: String, groups: &Groups, given: Option<String>) -> Self {
        let requirements = &groups.requirements;
        let rewritten = requirements.inputs.iter();
        let places = Places { sources: CONTEXT, remote: None, editable: false };
        let rewritten = rewritten
            .filter_map(|path| Some((path.as_str().to_owned(), requirements.rewritten(path, &places)?)))
            .collect();
        let sources = requirements.sources.keys().map(|path| path.as_str().to_owned()).collect();
        Self {
            list,
            hashed: Vec::new(),
            plain: Vec::new(),
            context: Vec::new(),
            files: None,
            rewritten,
            sources,
            given,
        }
    }
}

pub(super) fn write(out: &mut Dockerfile, prepared: &Prepared, platform: &Platform) {
    let plan = &prepared.plan;
    let Some(builder) = &plan.builder else { return };
    let mut sets: BTreeMap<&[String], &Groups> = BTreeMap::new();
    for groups in plan.environments() {
        sets.entry(groups.names.as_slice()).or_insert(groups);
    }
    let base = sets.remove(&[][..]).unwrap_or(&builder.environment);
    let conda = prepared.project.conda.as_ref().map(|_| conda::sets(prepared, platform));
    let conda = conda.as_ref();
    let first = wanted(prepared, conda, base, None, platform);
    let others: Vec<_> = sets
        .into_values()
        .map(|groups| (groups, wanted(prepared, conda, groups, Some(&first), platform)))
        .collect();
    if let Some(sets) = conda {
        conda::files(out, sets);
    }
    let more = conda.map(conda::lists).unwrap_or_default();
    lists(out, std::iter::once(&first).chain(others.iter().map(|(_, wanted)| wanted)), more);
    if let Some(sets) = conda {
        on_conda(out, plan, builder, sets, (base, &first), &others);
        projects(out, plan, builder, conda::name);
        return;
    }

    out.blank();
    out.comment("The dependencies of the project.");
    if let PythonBase::Dockerfile(target) = &builder.base {
        out.refuse(&target.title(), "stages of its own: put the lines of this file there");
    }
    out.instruction(format!("FROM {} AS builder", self::base(&builder.base.plan())));
    if let Some(packages) = &builder.packages {
        install_packages(out, &plan.access, packages);
    }
    let python = builder.python.map(|version| version.to_string()).unwrap_or_default();
    if !python.is_empty() {
        out.comment(&format!("The project's Python is {python}."));
    }
    out.instruction("RUN python3 -m venv --without-pip /venv");
    install(out, &plan.access, &first, bytecode(base));
    for (groups, wanted) in &others {
        out.blank();
        out.instruction(format!("FROM builder AS {}", name(groups)));
        install(out, &plan.access, wanted, bytecode(groups));
    }
    projects(out, plan, builder, name);
}

/// Writes conda environments. Each is made in a stage with pip, and copied into its image.
fn on_conda(
    out: &mut Dockerfile,
    plan: &Plan,
    builder: &Builder,
    sets: &BTreeMap<Vec<String>, WheelSet>,
    (base, first): (&Groups, &Wanted),
    others: &[(&Groups, Wanted)],
) {
    let image = self::base(&builder.resolver.plan());
    out.blank();
    out.comment("The dependencies of the project.");
    out.instruction(format!("FROM {image} AS {}", conda::name(base)));
    if let Some(packages) = &builder.packages {
        install_packages(out, &plan.access, packages);
    }
    conda::install(out, &plan.access, &[], sets);
    install(out, &plan.access, first, false);
    for (groups, wanted) in others {
        out.blank();
        out.instruction(format!("FROM {} AS {}", conda::name(base), conda::name(groups)));
        conda::install(out, &plan.access, &groups.names, sets);
        install(out, &plan.access, wanted, false);
    }
    out.blank();
    out.instruction(format!("FROM {} AS {}", self::base(&builder.base.plan()), name(base)));
    if let Some(packages) = &builder.packages {
        install_packages(out, &plan.access, packages);
    }
    out.instruction(format!("COPY --from={} /venv /venv", conda::name(base)));
    for (groups, _) in others {
        out.blank();
        out.instruction(format!("FROM {} AS {}", name(base), name(groups)));
        out.instruction(format!("COPY --from={} /venv /venv", conda::name(groups)));
    }
}

pub(super) fn bytecode(groups: &Groups) -> bool {
    groups.wheels.as_ref().is_none_or(|wheels| wheels.bytecode)
}

/// The packages of `groups` that `before` does not have.
fn wanted(
    prepared: &Prepared,
    conda: Option<&BTreeMap<Vec<String>, WheelSet>>,
    groups: &Groups,
    before: Option<&Wanted>,
    platform: &Platform,
) -> Wanted {
    let list = if groups.names.is_empty() { "project".to_owned() } else { groups.names.join("-") };
    let mut wanted = Wanted::new(list, groups, given_version(&prepared.plan));
    let locks = chosen(prepared, &groups.names, platform);
    let open = prepared.asked.contains_key(&groups.names);
    let known = match conda {
        Some(sets) => sets.get(&groups.names),
        None => groups.wheels.as_ref().filter(|_| !open),
    };
    if conda.is_some() && open {
        wanted.files = Some(files_of(groups));
        wanted.plain.clone_from(&groups.requirements.inline);
    }
    match (known, &groups.wheels) {
        (Some(set), _) => {
            for wheel in set.layers().flat_map(|layer| &layer.wheels) {
                let from_index = locks.get(&wheel.name).is_some_and(|(entry, _)| is_from_index(entry));
                let pin = wheel
                    .version
                    .as_ref()
                    .filter(|_| from_index)
                    .map(|version| format!("{}=={version}", wheel.name));
                match &wheel.from {
                    WheelFrom::Http { url, hash, .. } => {
                        let pin = pin.unwrap_or_else(|| format!("{} @ {url}", wheel.name));
                        wanted.hashed.push(format!("{pin} --hash={hash}"));
                    }
                    WheelFrom::Built(BuildFrom::Sdist { url, hash, .. }) => {
                        let pin = pin.unwrap_or_else(|| format!("{} @ {url}", wheel.name));
                        match hash {
                            Some(hash) => wanted.hashed.push(format!("{pin} --hash={hash}")),
                            None => wanted.plain.push(pin),
                        }
                    }
                    WheelFrom::Built(BuildFrom::Git { url, commit, subdirectory }) => {
                        let folder = subdirectory.as_ref().map(|folder| format!("#subdirectory={folder}"));
                        let folder = folder.unwrap_or_default();
                        wanted.plain.push(format!("{} @ git+{url}@{commit}{folder}", wheel.name));
                    }
                    WheelFrom::Context { path, .. } | WheelFrom::Built(BuildFrom::Context { path, .. }) => {
                        wanted.context.push(path.clone());
                    }
                }
            }
        }
        // The lock has no URLs, so pip asks an index for files with these hashes.
        (None, Some(_)) if !locks.is_empty() => {
            for (name, (entry, _)) in &locks {
                let version =
                    entry.package.version.as_ref().map(|version| format!("=={version}")).unwrap_or_default();
                let hashes = hashes(entry);
                let pin = format!("{name}{version}");
                if hashes.is_empty() {
                    wanted.plain.push(pin);
                } else {
                    wanted.hashed.push(format!("{pin}{hashes}"));
                }
            }
            if !groups.requirements.is_empty() {
                wanted.files = Some(files_of(groups));
            }
        }
        _ => {
            wanted.files = Some(files_of(groups));
            wanted.plain.clone_from(&groups.requirements.inline);
        }
    }
    if let Some(before) = before.filter(|before| before.files.is_none()) {
        wanted.hashed.retain(|line| !before.hashed.contains(line));
        wanted.plain.retain(|line| !before.plain.contains(line));
        wanted.context.retain(|path| !before.context.contains(path));
    }
    wanted
}

/// The requirements files of groups, and all files including those that they include.
fn files_of(groups: &Groups) -> (Vec<String>, Vec<String>) {
    let name = |path: &ContextPath| path.as_str().to_owned();
    let requirements = &groups.requirements;
    (requirements.files.iter().map(name).collect(), requirements.inputs.iter().map(name).collect())
}

fn is_from_index(entry: &Selected) -> bool {
    matches!(entry.package.source, Source::Index { .. })
}

/// The allowed hashes of a package, as options of pip.
fn hashes(entry: &Selected) -> String {
    let sha256 = match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => artifact.hashes.sha256().map(|hash| vec![hash]),
        Take::Release | Take::Source => None,
    };
    let all = sha256.unwrap_or_else(|| {
        let of_release = entry.package.hashes.iter().filter(|hash| hash.algorithm == "sha256");
        of_release.map(|hash| hash.digest.as_str()).collect()
    });
    all.iter().fold(String::new(), |line, hash| line + " --hash=sha256:" + hash)
}

/// Writes a stage with one file for each list. The files are mounted and are not a part of any image.
fn lists<'w>(out: &mut Dockerfile, all: impl Iterator<Item = &'w Wanted>, more: Dockerfile) {
    const END: &str = "REQUIREMENTS";
    let mut body = more;
    for wanted in all {
        for (kind, lines) in [("hashed", &wanted.hashed), ("plain", &wanted.plain)] {
            if !lines.is_empty() {
                body.file(END, &format!("/{}.{kind}.txt", wanted.list), lines);
            }
        }
        for (path, text) in wanted.rewritten.iter().filter(|_| wanted.files.is_some()) {
            body.comment(&format!("{path}, without the project, and with the paths that pip has here."));
            let lines: Vec<&str> = text.lines().collect();
            body.file(END, &format!("/{}/{path}", wanted.list), &lines);
        }
    }
    if !body.is_empty() {
        out.blank();
        out.comment("What is installed.");
        out.instruction(format!("FROM scratch AS {LISTS}"));
        out.append(body);
    }
}

/// Writes the step that installs packages with pip and compiles their bytecode.
fn install(out: &mut Dockerfile, access: &Access, wanted: &Wanted, bytecode: bool) {
    let pip = "python3 -m pip --python /venv/bin/python install --no-compile --no-input --disable-pip-version-check \
               --root-user-action=ignore";
    let mut mounts: Vec<String> = vec![mount(&[("type", "cache"), ("target", "/root/.cache/pip")])];
    let mut commands: Vec<Vec<String>> = Vec::new();
    if !wanted.hashed.is_empty() || !wanted.plain.is_empty() {
        mounts.push(mount(&[("type", "bind"), ("from", LISTS), ("target", MOUNTED)]));
    }
    if !wanted.hashed.is_empty() {
        let list = format!("{MOUNTED}/{}.hashed.txt", wanted.list);
        commands.push(vec![format!("{pip} --no-deps --require-hashes -r {}", shell(&[&list]))]);
    }
    let list = format!("{MOUNTED}/{}.plain.txt", wanted.list);
    if let Some((files, inputs)) = &wanted.files {
        for input in inputs {
            let target = ("target", format!("{CONTEXT}/{input}"));
            let target = (target.0, target.1.as_str());
            mounts.push(match wanted.rewritten.get(input) {
                Some(_) => {
                    let source = format!("/{}/{input}", wanted.list);
                    mount(&[("type", "bind"), ("from", LISTS), ("source", &source), target])
                }
                None => mount(&[("type", "bind"), ("source", input), target]),
            });
        }
        for source in &wanted.sources {
            let target = format!("{CONTEXT}/{source}");
            mounts.push(mount(&[("type", "bind"), ("source", source), ("target", &target), ("rw", "")]));
        }
        let mut arguments: Vec<String> =
            files.iter().map(|file| format!("-r {}", shell(&[&format!("{CONTEXT}/{file}")]))).collect();
        if !wanted.plain.is_empty() {
            arguments.push(format!("-r {}", shell(&[&list])));
        }
        if !arguments.is_empty() {
            out.comment("Nothing locks these: the next build may install other versions.");
            commands.push(vec![format!("{pip} {}", arguments.join(" "))]);
        }
    } else if !wanted.plain.is_empty() {
        commands.push(vec![format!("{pip} --no-deps -r {}", shell(&[&list]))]);
    }
    for path in &wanted.context {
        let target = format!("{CONTEXT}/{path}");
        mounts.push(mount(&[("type", "bind"), ("source", path), ("target", &target), ("rw", "")]));
        let command = format!("{pip} --no-deps {}", shell(&[&target]));
        commands.push(with_version(wanted.given.as_deref(), &command));
    }
    if commands.is_empty() {
        return;
    }
    if bytecode {
        commands.push(vec![COMPILE.to_owned()]);
    }
    step(out, access, true, &mounts, &commands);
}

/// Compiles bytecode that Python does not check against its source. Errors are ignored, because the test data
/// of some packages are not valid Python.
pub(super) const COMPILE: &str = "(/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib >/dev/null || true)";

/// Writes a step with a network: with trusted certificates, and for pip with access to the indexes. A command
/// may have several lines.
pub(super) fn step(
    out: &mut Dockerfile,
    access: &Access,
    pip: bool,
    mounts: &[String],
    commands: &[Vec<String>],
) {
    let mut parts = mounts.to_vec();
    let mut exports = Vec::new();
    if let Some(id) = &access.ca {
        parts.push(mount(&[("type", "secret"), ("id", id), ("required", "true")]));
        for name in ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            exports.push(vec![format!("export {name}=/run/secrets/{id}")]);
        }
    }
    if pip {
        if let Some(url) = &access.index.url {
            exports.push(vec![format!("export PIP_INDEX_URL={}", shell(&[url]))]);
        }
        if !access.index.extra.is_empty() {
            let extra = access.index.extra.join(" ");
            exports.push(vec![format!("export PIP_EXTRA_INDEX_URL={}", shell(&[&extra]))]);
        }
        if let Some(id) = &access.index.netrc {
            let target = ("target", "/root/.netrc");
            parts.push(mount(&[("type", "secret"), ("id", id), target, ("required", "true")]));
        }
    }
    for (number, command) in exports.iter().chain(commands).enumerate() {
        for (line, text) in command.iter().enumerate() {
            let lead = if number > 0 && line == 0 { "&& " } else { "" };
            parts.push(format!("{lead}{text}"));
        }
    }
    parts.iter_mut().take(1).for_each(|first| first.insert_str(0, "RUN "));
    out.continued(&parts);
}

/// The name of the stage that builds the project as a package for the environment of `groups`.
pub(super) fn project_name(groups: &Groups) -> String {
    name(groups).replacen("builder", "project", 1)
}

/// Writes the project as a package, once for each environment. It is built in the stage of the environment
/// that has pip.
fn projects(out: &mut Dockerfile, plan: &Plan, builder: &Builder, with_pip: fn(&Groups) -> String) {
    source(out, plan);
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let mut done = Vec::new();
    for step in steps {
        let Action::Project { groups, files } = &step.action else { continue };
        let name = project_name(groups);
        if done.contains(&name) {
            continue;
        }
        let from = with_pip(groups);
        out.blank();
        out.comment("The project as a package.");
        out.instruction(format!("FROM {from} AS {name}"));
        let pip = "python3 -m pip --python /venv/bin/python install --no-deps --no-compile --no-input \
                   --disable-pip-version-check --root-user-action=ignore --root /out /src";
        let mounts = [mount(&[("type", "cache"), ("target", "/root/.cache/pip")]), code(files, "/src")];
        let mut commands = vec![with_version(given_version(plan).as_deref(), pip)];
        if bytecode(&builder.environment) {
            let compile = "(/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /out /out/venv/lib || true)";
            commands.push(vec![compile.to_owned()]);
        }
        self::step(out, &plan.access, true, &mounts, &commands);
        done.push(name);
    }
}

/// The stage with the code and the files that are copied into it.
const SOURCE: &str = "project-source";

/// Writes this stage, if a package is built or installed from it.
fn source(out: &mut Dockerfile, plan: &Plan) {
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let mut packages = steps.filter_map(|step| match &step.action {
        Action::Project { files, .. } | Action::Editable { files, .. } => Some(files),
        _ => None,
    });
    let Some(files) = packages.find(|files| !files.brought.is_empty()) else { return };
    super::stage::archives(out, plan, "builder");
    out.blank();
    out.comment("The code, with the files that other stages make.");
    out.instruction(format!("FROM scratch AS {SOURCE}"));
    let to = files.to.as_str();
    let from_root =
        |path: &str| format!("/{}", path.strip_prefix(to).unwrap_or(path).trim_start_matches('/'));
    out.instruction("COPY . /");
    for brought in &files.brought {
        let copy = CopyPlan { to: from_root(&brought.copy.to), ..brought.copy.clone() };
        super::stage::copy(out, &copy);
    }
}

/// A mount of the code with the files that are copied into it.
pub(super) fn code(files: &AppFiles, to: &str) -> String {
    let mut fields = vec![("type", "bind"), ("target", to), ("rw", "")];
    if !files.brought.is_empty() {
        fields.insert(1, ("from", SOURCE));
    }
    mount(&fields)
}

/// Variables for one command, with the version for which a build backend would ask git.
pub(super) fn given_version(plan: &Plan) -> Option<String> {
    let version = plan.builder.as_ref().and_then(|builder| builder.version.as_ref())?;
    let given: Vec<_> =
        VERSION_VARIABLES.iter().map(|name| format!("{name}={}", shell(&[version]))).collect();
    Some(given.join(" "))
}

/// A command after such variables, which have a line of their own.
fn with_version(given: Option<&str>, command: &str) -> Vec<String> {
    given.into_iter().chain([command]).map(str::to_owned).collect()
}

/// The base of a stage, in the syntax of `FROM`.
pub(super) fn base(base: &BasePlan) -> String {
    match base {
        BasePlan::Scratch => "scratch".to_owned(),
        BasePlan::Image(image) => image.familiar(),
        BasePlan::Stage(name) => stage_name(name),
        BasePlan::Dockerfile(target) => {
            target.target.as_deref().map_or_else(|| "base".to_owned(), stage_name)
        }
        BasePlan::Environment { groups, .. } => name(groups),
    }
}

/// Adds the packages of groups to an existing environment.
pub(super) fn add_groups(out: &mut Dockerfile, groups: &Groups) {
    out.instruction(format!("COPY --from={} /venv /venv", name(groups)));
}
