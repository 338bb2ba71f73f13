//! Commands: `run` steps and checks.

use buildkit_llb::{Exec, FileOp, Mount, Network, Security, Sharing as CacheSharing, State};

use super::files::waiting_for;
use super::layers::Layers;
use super::{EmitError, Emitter, Image, ImageConfig, reports};
use crate::diagnostics::Span;
use crate::plan::{MountPlan, RunPlan, StagePlan};
use crate::spec::{NetworkMode, Sharing};

/// The path of an empty output mount that every check has. Later steps mount it read-only and so depend on
/// the check. Nothing is written to it.
pub(super) const PASSED: &str = "/run/pybuild/passed";

impl Emitter<'_> {
    pub(super) fn run(
        &self,
        stage: &StagePlan,
        run: &RunPlan,
        root: &State,
        config: &ImageConfig,
        gates: &[State],
        span: Span,
    ) -> Result<State, EmitError> {
        let mut exec = self.command(&stage.name, run, config)?;
        // The step never reads these mounts. They only make it wait.
        for (at, gate) in gates.iter().enumerate() {
            exec = exec.mount(Mount::bind(gate, format!("{PASSED}/{at}")).read_only());
        }
        Ok(exec.meta(self.metadata(&stage.name, &format!("run: {}", run.line), span)).run(root).root())
    }

    fn command(&self, stage: &str, run: &RunPlan, config: &ImageConfig) -> Result<Exec, EmitError> {
        let mut exec = self.exec(run.arguments.iter().cloned(), config).cwd(run.workdir.as_str());
        for (key, value) in &run.env {
            exec = match key.as_str() {
                "PATH" => exec.env(key, config.path(value)),
                _ => exec.env(key, value),
            };
        }
        if let Some(user) = &run.user {
            exec = exec.user(user);
        }
        exec = match run.network {
            NetworkMode::Default => exec,
            NetworkMode::None => exec.network(Network::None),
            NetworkMode::Host => exec.network(Network::Host),
        };
        if run.network != NetworkMode::None {
            exec = self.with_certificates(exec);
        }
        // Without an owner, only root could read the secret or write to the cache.
        let owned = |mount: Mount| match run.owner {
            Some((uid, gid)) => mount.owner(uid, gid),
            None => mount,
        };
        for cache in &run.cache {
            let sharing = match cache.sharing {
                Sharing::Shared => CacheSharing::Shared,
                Sharing::Private => CacheSharing::Private,
                Sharing::Locked => CacheSharing::Locked,
            };
            let id = self.inputs.options.cache_id(cache.id.as_deref().unwrap_or(&cache.path));
            exec = exec.mount(owned(Mount::cache(&cache.path, id, sharing)));
        }
        for secret in &run.secrets {
            if let Some(name) = &secret.env {
                exec = exec.secret_env(name, &secret.id, !secret.required);
            }
            if secret.path.is_some() || secret.env.is_none() {
                let default = format!("/run/secrets/{}", secret.id);
                let path = secret.path.as_ref().map_or(default, |path| path.as_str().to_owned());
                exec = exec.mount(owned(Mount::secret(&secret.id, path)).optional(!secret.required));
            }
        }
        for mount in &run.mounts {
            exec = exec.mount(match mount {
                MountPlan::Memory { path, size } => Mount::tmpfs(path).size(size.unwrap_or(0)),
                MountPlan::Files { files, writable } => {
                    let of = self.copied(&files.copy, stage, files.span)?;
                    let mount = Mount::bind(&of.state, files.copy.to.trim_end_matches('/'));
                    let source = of.path.trim_end_matches('/');
                    let mount = if source.is_empty() { mount } else { mount.selector(source) };
                    if *writable { mount.no_output() } else { mount.read_only() }
                }
            });
        }
        for device in &run.devices {
            exec = exec.device(device, false);
        }
        if run.insecure {
            exec = exec.security(Security::Insecure);
        }
        for (index, id) in run.ssh.iter().enumerate() {
            let socket = format!("/run/buildkit/ssh_agent.{index}");
            if index == 0 {
                exec = exec.env("SSH_AUTH_SOCK", &socket);
            }
            exec = exec.mount(owned(Mount::ssh(id, socket)));
        }
        Ok(exec)
    }

    /// Adds the checks of a stage, each as a node of its own, and returns their outputs.
    ///
    /// The exported reports of the checks are added to the image.
    pub(super) fn run_checks(
        &self,
        stage: &StagePlan,
        layers: &mut Layers<'_>,
        image: &mut Image,
    ) -> Result<Vec<State>, EmitError> {
        image.reports.clear();
        if stage.checks.is_empty() {
            return Ok(Vec::new());
        }
        let root = layers.top(&self.whole(stage));
        let mut passed = Vec::new();
        for check in &stage.checks {
            let reporting = !check.reports.is_empty();
            let mut exec = if reporting {
                let exec = self.command(&stage.name, &reports::wrapped(check), &image.config)?;
                reports::mounts().into_iter().fold(exec, Exec::mount)
            } else {
                self.command(&stage.name, &check.run, &image.config)?.mount(Mount::scratch(PASSED))
            };
            if let Some(files) = &check.app {
                let meta = self.metadata(&stage.name, &super::files::title(files), check.span);
                let brought = self.brought(&files.brought, &stage.name)?;
                let app = self.app(&State::scratch(), (files, &brought), &[], meta);
                // Tools write caches and reports beside the code. These files are dropped.
                let to = files.to.as_str();
                exec = exec.mount(Mount::bind(&app, to).selector(to).no_output());
            }
            let meta = self.metadata(&stage.name, &format!("check: {}", check.name), check.span);
            let ran = exec.meta(meta).run(&root);
            if reporting {
                let report = reports::kept(check, |folder| ran.output(folder));
                passed.push(self.verdict(stage, check, &report, &root, &image.config));
                image.reports.push(report);
            } else {
                passed.push(ran.output(PASSED));
            }
        }
        Ok(passed)
    }

    /// Makes an image without app files wait for checks.
    pub(super) fn gate(&self, stage: &StagePlan, root: &State, gates: &[State]) -> State {
        let mut op = FileOp::on(root);
        for gate in gates {
            op = op.copy(waiting_for(gate));
        }
        op.meta(self.metadata(&stage.name, "checks passed", stage.span)).state()
    }
}
