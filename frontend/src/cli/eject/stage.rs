//! A stage of the plan as one of a Dockerfile, with a further stage for each of its checks.

use std::fmt::Write;

use super::environment::{self, pair};
use super::words::{list, quoted, run, shell, stage_name, word};
use crate::plan::{
    Action, AppFiles, CheckPlan, CopyPlan, CopySource, ImagePlan, NewUser, Plan, RunPlan, StagePlan, Step,
};
use crate::spec::{Command, HealthCheck, ImagePath, NetworkMode, Sharing, User};

/// Where a check leaves an empty folder once it has passed: copying what is in it makes another stage wait.
const PASSED: &str = "/run/passed";

pub(super) fn write(out: &mut String, plan: &Plan, stage: &StagePlan) {
    let name = stage_name(&stage.name);
    let from = environment::base(&stage.base);
    if stage.name == "builder" {
        return;
    }
    let end = stage.steps.len();
    let app = stage.steps.iter().position(|step| matches!(step.action, Action::App(_)));
    let split = if stage.checks_see_all { end } else { app.unwrap_or(end) };
    let (before, after) = stage.steps.split_at(split.min(end));
    if stage.checks.is_empty() {
        let _ = writeln!(out, "\nFROM {from} AS {name}");
        environment(out, &stage.image);
        steps(out, plan, &stage.image, &stage.steps);
    } else {
        let _ = writeln!(out, "\n# What the checks of `{}` run on.\nFROM {from} AS {name}-base", stage.name);
        environment(out, &stage.image);
        steps(out, plan, &stage.image, before);
        for check in &stage.checks {
            write_check(out, &name, check);
        }
        let _ = writeln!(out, "\nFROM {name}-base AS {name}");
        steps(out, plan, &stage.image, after);
        for check in &stage.checks {
            let _ = writeln!(out, "COPY --from={} {PASSED}/ /", check_name(&name, &check.name));
        }
    }
    let required = stage.gates.iter().filter_map(|gate| plan.stage(gate));
    let mut required =
        required.flat_map(|gate| gate.checks.iter().map(move |check| (gate, check))).peekable();
    if required.peek().is_some() {
        out.push_str("# Nothing is copied: the image waits for these checks.\n");
    }
    for (gate, check) in required {
        let _ = writeln!(out, "COPY --from={} {PASSED}/ /", check_name(&stage_name(&gate.name), &check.name));
    }
    config(out, &stage.image);
}

fn check_name(stage: &str, check: &str) -> String {
    format!("{stage}-check-{}", stage_name(check))
}

fn write_check(out: &mut String, stage: &str, check: &CheckPlan) {
    let _ = writeln!(out, "\nFROM {stage}-base AS {}", check_name(stage, &check.name));
    if let Some(files) = &check.app {
        app(out, files);
    }
    command(out, &check.run);
    let _ = writeln!(out, "USER 0:0\nRUN mkdir -p {PASSED}");
}

/// What steps of the stage see as their environment.
fn environment(out: &mut String, image: &ImagePlan) {
    if image.has_venv {
        let of = if image.is_conda { "CONDA_PREFIX" } else { "VIRTUAL_ENV" };
        let _ = write!(out, "ENV PATH=\"/venv/bin:$PATH\" {of}=\"/venv\" PYTHONUNBUFFERED=\"1\"");
        out.push_str(if image.pip_targets_venv { " PIP_PYTHON=\"/venv/bin/python\"\n" } else { "\n" });
    }
    for (key, value) in &image.env {
        let _ = writeln!(out, "ENV {}", pair(key, value));
    }
}

fn steps(out: &mut String, plan: &Plan, image: &ImagePlan, steps: &[Step]) {
    for step in steps {
        match &step.action {
            Action::Packages(packages) => environment::install_packages(out, &plan.access, packages),
            Action::Install(groups) | Action::Environment(groups) => environment::add_groups(out, groups),
            Action::Project { groups, .. } => {
                let _ = writeln!(out, "COPY --from={} /out/ /", environment::project_name(groups));
            }
            Action::Editable { files, folders } => {
                let to = word(files.to.as_str());
                let packages: String = folders
                    .iter()
                    .map(|folder| match folder.as_str() {
                        "." => format!(" -e {to}"),
                        folder => format!(" -e {}", word(&format!("{}/{folder}", files.to.as_str()))),
                    })
                    .collect();
                let given = environment::given_version(plan);
                let pip = if image.is_conda {
                    format!("{given}/venv/bin/python -m pip")
                } else {
                    // The base's own Python has pip.
                    format!(
                        "export PATH=${{PATH#/venv/bin:}} \\\n    && {given}python3 -m pip --python /venv/bin/python"
                    )
                };
                let _ = writeln!(
                    out,
                    "# Installed so that the code in {to} is what runs.\nRUN \
                     --mount=type=cache,target=/root/.cache/pip --mount=type=bind,target={to},rw \\\n    {pip} install \
                     --no-deps --no-compile --no-input{packages}"
                );
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

/// The user's lines in the base's own tables: no `useradd` is needed.
fn account(out: &mut String, user: &NewUser) {
    let (name, uid, gid, home) = (&user.name, user.uid, user.gid, user.home());
    let _ = writeln!(
        out,
        "RUN echo '{name}:x:{uid}:{gid}::{home}:/sbin/nologin' >> /etc/passwd \\\n    && echo '{name}:x:{gid}:' >> \
         /etc/group \\\n    && if [ -e /etc/shadow ]; then echo '{name}:!::0:::::' >> /etc/shadow; fi \\\n    && if [ -e \
         /etc/gshadow ]; then echo '{name}:!::' >> /etc/gshadow; fi \\\n    && mkdir -p {home} && chown {uid}:{gid} {home} && chmod 0750 {home}"
    );
}

fn own(out: &mut String, folders: &[ImagePath], owner: &User) {
    let paths: Vec<&str> = folders.iter().map(ImagePath::as_str).collect();
    let paths = shell(&paths);
    let _ = writeln!(out, "RUN mkdir -p {paths} && chown {} {paths}", user(owner));
}

fn user(user: &User) -> String {
    match user {
        User::Numeric { uid, gid } => format!("{uid}:{}", gid.unwrap_or(0)),
        User::Named { uid: Some(uid), gid, .. } => format!("{uid}:{}", gid.unwrap_or(*uid)),
        User::Named { name, .. } => name.clone(),
    }
}

/// Files of the context, each at its own place below the folder.
fn app(out: &mut String, files: &AppFiles) {
    let to = files.to.as_str().trim_end_matches('/');
    let exclude =
        files.exclude.iter().fold(String::new(), |line, pattern| line + "--exclude=" + &word(pattern) + " ");
    if files.include.is_empty() {
        let _ = writeln!(out, "COPY {exclude}. {}", word(&format!("{to}/")));
    }
    for path in &files.include {
        let text = path.as_str();
        if !path.is_pattern() {
            let _ = writeln!(out, "COPY {exclude}{} {}", word(text), word(&format!("{to}/{text}")));
        } else if text.contains('/') {
            // Keeps the folders; other copies would put all files into one.
            let _ = writeln!(out, "COPY --parents {exclude}{} {}", word(text), word(&format!("{to}/")));
        } else {
            let _ = writeln!(out, "COPY {exclude}{} {}", word(text), word(&format!("{to}/")));
        }
    }
}

fn copy(out: &mut String, plan: &CopyPlan) {
    out.push_str("COPY ");
    match &plan.from {
        CopySource::Context => {}
        CopySource::Stage(name) => {
            let _ = write!(out, "--from={} ", stage_name(name));
        }
        CopySource::Builder => out.push_str("--from=builder "),
        CopySource::Image(image) => {
            let _ = write!(out, "--from={} ", image.familiar());
        }
    }
    if let Some(owner) = &plan.owner {
        let _ = write!(out, "--chown={} ", user(owner));
    }
    if let Some(mode) = plan.mode {
        let _ = write!(out, "--chmod={mode:04o} ");
    }
    for pattern in &plan.exclude {
        let _ = write!(out, "--exclude={} ", word(pattern));
    }
    let _ = writeln!(out, "{} {}", word(&plan.path), word(&plan.to));
}

fn command(out: &mut String, plan: &RunPlan) {
    let _ = writeln!(out, "WORKDIR {}", word(plan.workdir.as_str()));
    if let Some(user) = &plan.user {
        let _ = writeln!(out, "USER {user}");
    }
    out.push_str("RUN ");
    for cache in &plan.cache {
        let sharing = match cache.sharing {
            Sharing::Shared => "",
            Sharing::Private => ",sharing=private",
            Sharing::Locked => ",sharing=locked",
        };
        let id = cache.id.as_ref().map(|id| format!(",id={id}")).unwrap_or_default();
        let _ = write!(out, "--mount=type=cache,target={}{id}{sharing} \\\n    ", word(&cache.path));
    }
    for secret in &plan.secrets {
        let id = &secret.id;
        let _ = write!(out, "--mount=type=secret,id={id}");
        if let Some(path) = &secret.path {
            let _ = write!(out, ",target={}", word(path.as_str()));
        }
        if let Some(env) = &secret.env {
            let _ = write!(out, ",env={env}");
        }
        out.push_str(if secret.required { ",required=true \\\n    " } else { " \\\n    " });
    }
    for id in &plan.ssh {
        let _ = write!(out, "--mount=type=ssh,id={id} \\\n    ");
    }
    match plan.network {
        NetworkMode::Default => {}
        NetworkMode::None => out.push_str("--network=none "),
        NetworkMode::Host => out.push_str("--network=host "),
    }
    if plan.env.is_empty() {
        out.push_str(&run(&plan.arguments));
    } else {
        let mut arguments = vec!["env".to_owned()];
        arguments.extend(plan.env.iter().map(|(name, value)| format!("{name}={value}")));
        arguments.extend(plan.arguments.iter().cloned());
        out.push_str(&list(&arguments));
    }
    out.push('\n');
    if plan.user.is_some() {
        out.push_str("USER 0:0\n");
    }
}

/// What the image says.
fn config(out: &mut String, image: &ImagePlan) {
    for (key, value) in &image.labels {
        let _ = writeln!(out, "LABEL {}={}", quoted(key), quoted(value));
    }
    if let Some(workdir) = &image.workdir {
        let _ = writeln!(out, "WORKDIR {}", word(workdir.as_str()));
    }
    for port in &image.expose {
        let _ = writeln!(out, "EXPOSE {port}");
    }
    if !image.volumes.is_empty() {
        let volumes: Vec<&str> = image.volumes.iter().map(ImagePath::as_str).collect();
        let _ = writeln!(out, "VOLUME {}", list(&volumes));
    }
    if let Some(signal) = &image.stop_signal {
        let _ = writeln!(out, "STOPSIGNAL {signal}");
    }
    if let Some(check) = &image.healthcheck {
        health(out, check);
    }
    if let Some(user) = &image.user {
        let _ = writeln!(out, "USER {user}");
    }
    if let Some(entrypoint) = &image.entrypoint {
        let _ = writeln!(out, "ENTRYPOINT {}", list(entrypoint));
    }
    if let Some(command) = &image.command {
        let _ = writeln!(out, "CMD {}", list(command));
    }
}

fn health(out: &mut String, check: &HealthCheck) {
    let Some(command) = &check.command else {
        out.push_str("HEALTHCHECK NONE\n");
        return;
    };
    out.push_str("HEALTHCHECK ");
    let times = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start-period", check.start_period),
        ("start-interval", check.start_interval),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            let _ = write!(out, "--{name}={}us ", time.0 / 1000);
        }
    }
    if let Some(retries) = check.retries {
        let _ = write!(out, "--retries={retries} ");
    }
    let _ = match command {
        Command::Shell(line) => writeln!(out, "CMD {line}"),
        Command::Arguments(arguments) => writeln!(out, "CMD {}", list(arguments)),
    };
}
