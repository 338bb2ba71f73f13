//! Writes a stage of the plan as a stage of a Dockerfile, with an additional stage for each of its checks.

use super::environment;
use super::own_pip::own_pip;
use super::packages::install_packages;
use super::words::{
    Dockerfile, expanded_list, field, inside_quotes, is_plain_line, list, mount, pair, quoted, run, shell,
    stage_name, word, words,
};
use crate::emit::WORKING;
use crate::plan::{
    Action, AppFiles, BasePlan, CheckPlan, CopyPlan, CopySource, ImagePlan, MountPlan, NewUser, Plan,
    RunPlan, StagePlan, Step,
};
use crate::spec::{
    Archive, BASES_PATH, Command, GitCommit, HealthCheck, ImagePath, NetworkMode, Sharing, User,
};

/// An empty folder that a passed check leaves. Copying its contents makes another stage wait for the check.
const PASSED: &str = "/run/passed";

pub(super) fn write(out: &mut Dockerfile, plan: &Plan, stage: &StagePlan) {
    let name = stage_name(&stage.name);
    let from = environment::base(&stage.base);
    if stage.name == "builder" {
        return;
    }
    if let BasePlan::Dockerfile(target) = &stage.base {
        out.refuse(&target.title(), "stages of its own: put the lines of this file there");
    }
    archives(out, plan, &stage.name);
    let end = stage.steps.len();
    let app = stage.steps.iter().position(|step| matches!(step.action, Action::App(_)));
    let split = if stage.checks_see_all { end } else { app.unwrap_or(end) };
    let (before, after) = stage.steps.split_at(split.min(end));
    if stage.checks.is_empty() {
        out.blank();
        out.instruction(format!("FROM {from} AS {name}"));
        own_pip(out, &plan.access, &stage.base);
        environment(out, &stage.image, plan.has_environment(stage));
        steps(out, plan, stage, &stage.steps);
    } else {
        out.blank();
        out.comment(&format!("What the checks of `{}` run on.", stage.name));
        out.instruction(format!("FROM {from} AS {name}-base"));
        own_pip(out, &plan.access, &stage.base);
        environment(out, &stage.image, plan.has_environment(stage));
        steps(out, plan, stage, before);
        for check in &stage.checks {
            write_check(out, &name, check);
        }
        out.blank();
        out.instruction(format!("FROM {name}-base AS {name}"));
        steps(out, plan, stage, after);
        for check in &stage.checks {
            out.instruction(format!("COPY --from={} {PASSED}/ /", check_name(&name, &check.name)));
        }
    }
    let required = stage.gates.iter().filter_map(|gate| plan.stage(gate));
    let mut required =
        required.flat_map(|gate| gate.checks.iter().map(move |check| (gate, check))).peekable();
    if required.peek().is_some() {
        out.comment("Nothing is copied: the image waits for these checks.");
    }
    for (gate, check) in required {
        let from = check_name(&stage_name(&gate.name), &check.name);
        out.instruction(format!("COPY --from={from} {PASSED}/ /"));
    }
    config(out, &stage.image);
}

fn check_name(stage: &str, check: &str) -> String {
    format!("{stage}-check-{}", stage_name(check))
}

fn write_check(out: &mut Dockerfile, stage: &str, check: &CheckPlan) {
    out.blank();
    out.instruction(format!("FROM {stage}-base AS {}", check_name(stage, &check.name)));
    if let Some(files) = &check.app {
        app(out, files);
    }
    command(out, &check.run);
    out.instruction("USER 0:0");
    out.instruction(format!("RUN mkdir -p {PASSED}"));
}

/// Writes the environment variables for the steps of a stage.
fn environment(out: &mut Dockerfile, image: &ImagePlan, has_environment: bool) {
    if image.has_venv {
        let of = if image.is_conda { "CONDA_PREFIX" } else { "VIRTUAL_ENV" };
        let path = "PATH=\"/venv/bin:$PATH\"";
        out.instruction(format!("ENV {path} {of}=\"/venv\" PYTHONUNBUFFERED=\"1\""));
    }
    if image.for_work {
        let all: Vec<_> = WORKING.iter().map(|(key, value)| pair(key, value)).collect();
        out.instruction(format!("ENV {}", all.join(" ")));
    }
    for (key, value) in &image.env {
        match value.split(BASES_PATH).collect::<Vec<_>>().as_slice() {
            // A Dockerfile replaces the variable, so no backslash may stand before its name.
            parts if key == "PATH" && parts.len() > 1 => {
                let first = if has_environment { "/venv/bin:" } else { "" };
                let parts: Vec<_> = parts.iter().map(|part| inside_quotes(part)).collect();
                out.instruction(format!("ENV PATH=\"{first}{}\"", parts.join("$PATH")));
            }
            _ => out.instruction(format!("ENV {}", pair(key, value))),
        }
    }
}

fn steps(out: &mut Dockerfile, plan: &Plan, stage: &StagePlan, steps: &[Step]) {
    for step in steps {
        match &step.action {
            Action::Packages(packages) => install_packages(out, &plan.access, packages),
            Action::Install(groups) => {
                if groups.wheels.as_ref().is_some_and(|set| set.has("pip")) && plan.is_on_given_pip(stage) {
                    out.comment("The pip of the groups takes the place of the base image's.");
                    let packages = "/venv/lib/python*/site-packages";
                    out.instruction(format!("RUN rm -rf {packages}/pip {packages}/pip-*.dist-info"));
                }
                environment::add_groups(out, groups);
            }
            Action::Environment(groups) => environment::add_groups(out, groups),
            Action::Project { groups, .. } => {
                out.instruction(format!("COPY --from={} /out/ /", environment::project_name(groups)));
            }
            Action::Editable { files, folders } => {
                let to = files.to.as_str();
                let packages: String = folders
                    .iter()
                    .map(|folder| match folder.as_str() {
                        "." => format!(" -e {}", shell(&[to])),
                        folder => format!(" -e {}", shell(&[&format!("{to}/{folder}")])),
                    })
                    .collect();
                let cache = mount(&[("type", "cache"), ("target", "/root/.cache/pip")]);
                let code = environment::code(files, to);
                let mut parts = vec![format!("RUN {cache} {code}")];
                let mut command: Vec<String> = environment::given_version(plan).into_iter().collect();
                if stage.image.is_conda {
                    command.push("/venv/bin/python -m pip".to_owned());
                } else {
                    // The Python of the base image has pip.
                    parts.push("export PATH=${PATH#/venv/bin:}".to_owned());
                    command.push("python3 -m pip --python /venv/bin/python".to_owned());
                    command.iter_mut().take(1).for_each(|first| first.insert_str(0, "&& "));
                }
                let arguments = format!(" install --no-deps --no-compile --no-input{packages}");
                command.iter_mut().rev().take(1).for_each(|last| last.push_str(&arguments));
                parts.extend(command);
                out.comment(&format!("Installed so that the code in {to} is what runs."));
                out.continued(&parts);
            }
            Action::Account(user) => account(out, user),
            Action::Own { folders, owner } => own(out, folders, owner),
            Action::App(files) => app(out, files),
            Action::Copy(plan) => copy(out, plan),
            Action::Run(run) => {
                if let Some(files) = &run.files {
                    app(out, files);
                }
                command(out, run);
            }
        }
    }
}

/// Adds the lines of the user to the base's files, without `useradd`.
fn account(out: &mut Dockerfile, user: &NewUser) {
    let (name, uid, gid, home) = (&user.name, user.uid, user.gid, user.home());
    let mode = if gid == 0 { "0770" } else { "0750" };
    // Every image has group 0.
    let group = if gid == 0 {
        "&& :".to_owned()
    } else {
        format!(
            "&& echo '{name}:x:{gid}:' >> /etc/group && if [ -e /etc/gshadow ]; then echo '{name}:!::' >> /etc/gshadow; fi"
        )
    };
    out.continued(&[
        format!("RUN echo '{name}:x:{uid}:{gid}::{home}:/sbin/nologin' >> /etc/passwd"),
        group,
        format!("&& if [ -e /etc/shadow ]; then echo '{name}:!::0:::::' >> /etc/shadow; fi"),
        format!("&& mkdir -p {home} && chown {uid}:{gid} {home} && chmod {mode} {home}"),
    ]);
}

fn own(out: &mut Dockerfile, folders: &[ImagePath], owner: &User) {
    let paths: Vec<&str> = folders.iter().map(ImagePath::as_str).collect();
    let paths = shell(&paths);
    let of_group = matches!(owner, User::Numeric { gid: None | Some(0), uid } if *uid != 0);
    let mode = if of_group { format!(" && chmod g=u {paths}") } else { String::new() };
    out.instruction(format!("RUN mkdir -p {paths} && chown {} {paths}{mode}", user(owner)));
}

fn user(user: &User) -> String {
    match user {
        User::Numeric { uid, gid } => format!("{uid}:{}", gid.unwrap_or(0)),
        User::Named { uid: Some(uid), gid, .. } => format!("{uid}:{}", gid.unwrap_or(*uid)),
        User::Named { name, .. } => name.clone(),
    }
}

/// Copies files of the context to their own paths below the folder.
pub(super) fn app(out: &mut Dockerfile, files: &AppFiles) {
    let to = files.to.as_str().trim_end_matches('/');
    let exclude = excluded(&files.exclude);
    if files.include.is_empty() {
        out.instruction(format!("COPY {exclude}{}", words(&[".", &format!("{to}/")])));
    }
    for path in &files.include {
        let text = path.as_str();
        out.instruction(if !path.is_pattern() {
            format!("COPY {exclude}{}", words(&[text, &format!("{to}/{text}")]))
        } else if text.contains('/') {
            // `--parents` keeps the folders. Other copies would put all files into one folder.
            format!("COPY --parents {exclude}{}", words(&[text, &format!("{to}/")]))
        } else {
            format!("COPY {exclude}{}", words(&[text, &format!("{to}/")]))
        });
    }
    for brought in &files.brought {
        copy(out, &brought.copy);
    }
}

/// The name of the stage with the contents of an archive at a URL.
fn archive_name(archive: &Archive) -> String {
    let digits = archive.file.checksum.rsplit(':').next().unwrap_or_default();
    format!("archive-{}", digits.get(..12).unwrap_or(digits))
}

/// Writes stages in which the archives that this stage copies are unpacked.
pub(super) fn archives(out: &mut Dockerfile, plan: &Plan, stage: &str) {
    for (copy, _, _) in plan.copies().filter(|(_, of, _)| *of == stage) {
        if let CopySource::Download(archive) = &copy.from
            && archive.unpack
            && !out.has_stage(&archive_name(archive))
        {
            let Archive { file, .. } = archive;
            out.blank();
            out.instruction(format!("FROM scratch AS {}", archive_name(archive)));
            out.instruction(format!(
                "ADD --unpack=true --checksum={} {}",
                file.checksum,
                words(&[file.url.as_str(), "/"])
            ));
        }
    }
}

/// The flags that leave out files.
fn excluded(patterns: &[String]) -> String {
    patterns.iter().fold(String::new(), |flags, pattern| flags + "--exclude=" + &field(pattern) + " ")
}

pub(super) fn copy(out: &mut Dockerfile, plan: &CopyPlan) {
    let mut instruction = "COPY";
    let mut source = plan.path.clone();
    let mut mode = plan.mode;
    let mut flags = match &plan.from {
        CopySource::Context => Vec::new(),
        CopySource::Stage(name) => vec![format!("--from={}", stage_name(name))],
        CopySource::Builder => vec!["--from=builder".to_owned()],
        CopySource::Dockerfile(target) => {
            out.refuse(&target.title(), "stages of its own: put the lines of this file there");
            Vec::new()
        }
        CopySource::Image(image) => vec![format!("--from={}", field(&image.familiar()))],
        CopySource::Download(archive) if archive.unpack => vec![format!("--from={}", archive_name(archive))],
        CopySource::Download(archive) => {
            instruction = "ADD";
            archive.file.url.as_str().clone_into(&mut source);
            // By default, the Dockerfile frontend gives a downloaded file no permissions for other users.
            mode = mode.or(Some(0o644));
            vec![format!("--checksum={}", archive.file.checksum)]
        }
        CopySource::Git(GitCommit { url, commit }) => {
            instruction = "ADD";
            let folder = plan.path.trim_matches('/');
            if folder.contains(['*', '?', '[']) {
                out.refuse(folder, "a wildcard in a repository");
            }
            let folder = if folder.is_empty() { String::new() } else { format!(":{folder}") };
            source = format!("{url}#{commit}{folder}");
            Vec::new()
        }
    };
    flags.extend(plan.owner.as_ref().map(|owner| format!("--chown={}", user(owner))));
    flags.extend(mode.map(|mode| format!("--chmod={mode:04o}")));
    flags.extend(plan.exclude.iter().map(|pattern| format!("--exclude={}", field(pattern))));
    flags.push(words(&[&source, &plan.to]));
    out.instruction(format!("{instruction} {}", flags.join(" ")));
}

/// A mount of memory or of existing files.
fn bound(out: &mut Dockerfile, plan: &MountPlan) -> String {
    let (files, writable) = match plan {
        MountPlan::Memory { path, size } => {
            let size = size.map(|size| size.to_string());
            let mut fields = vec![("type", "tmpfs"), ("target", path.as_str())];
            fields.extend(size.as_deref().map(|size| ("size", size)));
            return mount(&fields);
        }
        MountPlan::Files { files, writable } => (&files.copy, writable),
    };
    let from = match &files.from {
        CopySource::Stage(name) => Some(stage_name(name)),
        CopySource::Builder => Some("builder".to_owned()),
        CopySource::Image(image) => Some(image.familiar()),
        CopySource::Dockerfile(target) => {
            out.refuse(&target.title(), "stages of its own: put the lines of this file there");
            None
        }
        CopySource::Context | CopySource::Download(_) | CopySource::Git(_) => None,
    };
    let source = format!("/{}", files.path.trim_matches('/'));
    let mut fields =
        vec![("type", "bind"), ("target", files.to.trim_end_matches('/')), ("source", source.as_str())];
    fields.extend(from.as_deref().map(|from| ("from", from)));
    if *writable {
        fields.push(("rw", ""));
    }
    mount(&fields)
}

fn command(out: &mut Dockerfile, plan: &RunPlan) {
    out.instruction(format!("WORKDIR {}", word(plan.workdir.as_str())));
    if let Some(user) = &plan.user {
        out.instruction(format!("USER {user}"));
    }
    let mut parts = Vec::new();
    let numbers = plan.owner.map(|(uid, gid)| (uid.to_string(), gid.to_string()));
    let owned: Vec<_> =
        numbers.iter().flat_map(|(uid, gid)| [("uid", uid.as_str()), ("gid", gid.as_str())]).collect();
    for mounted in &plan.mounts {
        parts.push(bound(out, mounted));
    }
    parts.extend(plan.devices.iter().map(|device| format!("--device={},required", field(device))));
    if plan.insecure {
        parts.push("--security=insecure".to_owned());
    }
    for cache in &plan.cache {
        let mut fields = vec![("type", "cache"), ("target", cache.path.as_str())];
        fields.extend(cache.id.as_ref().map(|id| ("id", id.as_str())));
        match cache.sharing {
            Sharing::Shared => {}
            Sharing::Private => fields.push(("sharing", "private")),
            Sharing::Locked => fields.push(("sharing", "locked")),
        }
        fields.extend(&owned);
        parts.push(mount(&fields));
    }
    for secret in &plan.secrets {
        let mut fields = vec![("type", "secret"), ("id", secret.id.as_str())];
        fields.extend(secret.path.as_ref().map(|path| ("target", path.as_str())));
        fields.extend(secret.env.as_ref().map(|env| ("env", env.as_str())));
        fields.extend(secret.required.then_some(("required", "true")));
        if secret.path.is_some() || secret.env.is_none() {
            fields.extend(&owned);
        }
        parts.push(mount(&fields));
    }
    parts.extend(plan.ssh.iter().map(|id| {
        let fields: Vec<_> =
            [("type", "ssh"), ("id", id.as_str())].into_iter().chain(owned.clone()).collect();
        mount(&fields)
    }));
    let network = match plan.network {
        NetworkMode::Default => "",
        NetworkMode::None => "--network=none ",
        NetworkMode::Host => "--network=host ",
    };
    parts.push(if plan.env.is_empty() {
        format!("{network}{}", run(&plan.arguments))
    } else {
        let mut arguments = vec!["env".to_owned()];
        let of_base = plan.env.get("PATH").filter(|path| path.contains(BASES_PATH));
        let own = plan.env.iter().filter(|(name, _)| of_base.is_none() || *name != "PATH");
        arguments.extend(own.map(|(name, value)| format!("{name}={value}")));
        if let Some(path) = of_base {
            // The shell replaces `$PATH`. Its value starts with `/venv/bin`, where `python` is found.
            let path = path.split(BASES_PATH).map(|part| shlex::try_quote(part).unwrap_or_default());
            let path = path.collect::<Vec<_>>().join("\"$PATH\"");
            let script = format!("PATH={path}; export PATH; exec \"$@\"");
            arguments.extend(["/bin/sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]);
        }
        arguments.extend(plan.arguments.iter().cloned());
        format!("{network}{}", list(&arguments))
    });
    if let Some(first) = parts.first_mut() {
        first.insert_str(0, "RUN ");
    }
    out.continued(&parts);
    if plan.user.is_some() {
        out.instruction("USER 0:0");
    }
}

/// Writes the settings of the image.
fn config(out: &mut Dockerfile, image: &ImagePlan) {
    for (key, value) in &image.labels {
        out.instruction(format!("LABEL {}={}", quoted(key), quoted(value)));
    }
    if let Some(workdir) = &image.workdir {
        out.instruction(format!("WORKDIR {}", word(workdir.as_str())));
    }
    for port in &image.expose {
        out.instruction(format!("EXPOSE {port}"));
    }
    if !image.volumes.is_empty() {
        let volumes: Vec<&str> = image.volumes.iter().map(ImagePath::as_str).collect();
        out.instruction(format!("VOLUME {}", expanded_list(&volumes)));
    }
    if let Some(signal) = &image.stop_signal {
        out.instruction(format!("STOPSIGNAL {signal}"));
    }
    if let Some(check) = &image.healthcheck {
        health(out, check);
    }
    if let Some(user) = &image.user {
        out.instruction(format!("USER {user}"));
    }
    if let Some(entrypoint) = &image.entrypoint {
        out.instruction(format!("ENTRYPOINT {}", list(entrypoint)));
    }
    if let Some(command) = &image.command {
        out.instruction(format!("CMD {}", list(command)));
    }
}

fn health(out: &mut Dockerfile, check: &HealthCheck) {
    let Some(command) = &check.command else {
        out.instruction("HEALTHCHECK NONE");
        return;
    };
    let times = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start-period", check.start_period),
        ("start-interval", check.start_interval),
    ];
    let times = times.into_iter().filter_map(|(name, time)| Some((name, time?)));
    let mut flags: Vec<_> = times.map(|(name, time)| format!("--{name}={}us", time.0 / 1000)).collect();
    flags.extend(check.retries.map(|retries| format!("--retries={retries}")));
    flags.push(match command {
        Command::Shell(shell) if is_plain_line(shell) => format!("CMD {shell}"),
        command => format!("CMD {}", list(&command.arguments())),
    });
    out.instruction(format!("HEALTHCHECK {}", flags.join(" ")));
}
