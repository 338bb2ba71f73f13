//! Environments of wheels. Each wheel is a node with a checksum, and our own tool unpacks it into a layer.

use std::collections::BTreeMap;

use buildkit_llb::{Cap, Exec, Executed, Git, Location, Metadata, Mount, Network, ProgressGroup, State};

use super::conda::CondaParts;
use super::environment::{HIDE, with_build, with_version};
use super::layers::Layers;
use super::overlaps::Orders;
use super::script::{Script, script};
use super::{BUILDER, BaseImage, EmitError, Emitter, Image, ImageConfig, cause, files};
use crate::address::{FileName, HttpUrl};
use crate::diagnostics::Span;
use crate::lock::Hash;
use crate::plan::{AppFiles, BuildFrom, VENV, WheelFrom, WheelLayer, WheelPlan, WheelSet};
use crate::project::BuildRules;
use crate::spec::{ContextPath, ImagePath};

const TOOL: &str = "/run/pybuild/tool";
pub(super) const OUT: &str = "/run/pybuild/out";
const WHEELS: &str = "/run/pybuild/wheels";
/// The path at which a step writes the list of installed files.
pub(super) const LIST: &str = "/run/pybuild/list";
const SOURCES: &str = "/run/pybuild/src";
const WHEEL: Script = script!("wheel.sh", "script to build a wheel");

/// A hash in the format of the tool's arguments.
fn told(hash: Option<&Hash>) -> String {
    match hash {
        None => "-".to_owned(),
        Some(hash) => {
            hash.sha256().map_or_else(|| format!("{}={}", hash.algorithm, hash.digest), str::to_owned)
        }
    }
}

/// A mount with a wheel, and the tool's argument for it.
pub(super) struct Mounted {
    pub(super) mount: Mount,
    /// The tool's option for the wheel.
    pub(super) option: &'static str,
    pub(super) argument: String,
    /// The package that the wheel must contain, as `NAME==VERSION` or `NAME`.
    pub(super) package: Option<String>,
    /// The text of the package's `direct_url.json`.
    pub(super) direct_url: Option<String>,
    /// Whether the content changes with every line of the project's code.
    pub(super) changes_often: bool,
}

/// The output of a layer's step.
pub(super) struct Unpacked {
    /// The layer.
    pub(super) tree: State,
    /// The list of files that each package of the layer has installed.
    pub(super) list: State,
}

pub(super) fn lists(unpacked: &[Unpacked]) -> Vec<State> {
    unpacked.iter().map(|made| made.list.clone()).collect()
}

/// The name and version that a wheel must have. The version of a repository or folder is not known yet.
fn identity(wheel: &WheelPlan) -> String {
    let is_own = matches!(wheel.from, WheelFrom::Built(BuildFrom::Git { .. } | BuildFrom::Context { .. }));
    match &wheel.version {
        Some(version) if !is_own => format!("{}=={version}", wheel.name),
        _ => wheel.name.clone(),
    }
}

impl Mounted {
    /// A wheel that must exist and must contain `package`.
    fn wheel(mount: Mount, argument: String, package: Option<String>) -> Self {
        Self { mount, option: "--wheel", argument, package, direct_url: None, changes_often: false }
    }
}

impl Emitter<'_> {
    /// Adds an environment to an image that has none: first the venv, then `wheels`.
    pub(super) fn add_environment<'l>(
        &'l self,
        stage: &str,
        set: &'l WheelSet,
        span: Span,
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        let orders = Orders::of_environment(set);
        let below = self.wheel_layers(&set.base, &orders.below, set, span)?;
        let above = self.wheel_layers(&set.extra, &orders.all, set, span)?;
        let compared = self.compared(&lists(&below), &lists(&above), &orders, span)?;
        self.remember(&set.base, &below, image);
        self.remember(&set.extra, &above, image);
        if set.conda.is_some() {
            self.add_conda(stage, CondaParts::All, set, span, layers, image)?;
            self.comparisons.let_loose(compared.as_ref());
        } else {
            // The venv is made for the interpreter of the image itself, wherever this interpreter is.
            let base = image.state.clone();
            let skeleton = self.skeleton(stage, set, (&base, &image.config), compared.as_ref(), span)?;
            self.add_tree(stage, "venv: /venv", skeleton, span, layers);
            image.config.layer("venv: /venv");
        }
        let Some(together) = self.decided(compared.as_ref()) else {
            self.add_wheels(stage, set.layers(), below.into_iter().chain(above), span, layers, image);
            return Ok(());
        };
        let set = set.with_together(together, &[]);
        let below = self.wheel_layers(&set.base, &orders.below, &set, span)?;
        let above = self.wheel_layers(&set.extra, &orders.all, &set, span)?;
        self.add_wheels(stage, set.layers(), below.into_iter().chain(above), span, layers, image);
        Ok(())
    }

    /// Adds the packages of groups to an existing environment.
    pub(super) fn add_groups<'l>(
        &'l self,
        stage: &str,
        set: &'l WheelSet,
        span: Span,
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        self.add_conda(stage, CondaParts::Extra, set, span, layers, image)?;
        let (there, below) = Self::laid(image);
        let orders = Orders::on_top_of(&there, set);
        let mut above = self.wheel_layers(&set.extra, &orders.all, set, span)?;
        if above.is_empty() {
            return Ok(());
        }
        let compared = self.compared(&below, &lists(&above), &orders, span)?;
        self.comparisons.let_loose(compared.as_ref());
        self.remember(&set.extra, &above, image);
        let decided = self.decided(compared.as_ref());
        let gathered = decided.map(|together| set.with_together(together, &there));
        let set = gathered.as_ref().unwrap_or(set);
        if gathered.is_some() {
            above = self.wheel_layers(&set.extra, &orders.all, set, span)?;
        }
        self.add_wheels(stage, set.extra.iter(), above.into_iter(), span, layers, image);
        Ok(())
    }

    /// Adds layers of wheels, each separately.
    fn add_wheels<'l, 'w>(
        &'l self,
        stage: &str,
        wheels: impl Iterator<Item = &'w WheelLayer>,
        unpacked: impl Iterator<Item = Unpacked>,
        span: Span,
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) {
        for (group, made) in wheels.zip(unpacked) {
            self.add_tree(stage, &format!("wheels: {}", group.contents()), made.tree, span, layers);
            image.config.layer(format!("wheels: {}", group.name));
        }
    }

    /// Adds a tree that is a layer of its own. It is merged, or copied if the engine has no merge.
    pub(super) fn add_tree<'l>(
        &'l self,
        stage: &str,
        title: &str,
        tree: State,
        span: Span,
        layers: &mut Layers<'l>,
    ) {
        let meta = self.metadata(stage, title, span);
        layers.add(move |base| {
            if base.is_scratch() {
                tree.clone()
            } else {
                files::copy_tree(base, &tree, "/", &[], meta.clone())
            }
        });
    }

    /// The virtual environment without packages. Our tool only reads the base: no program of the base runs.
    fn skeleton(
        &self,
        stage: &str,
        set: &WheelSet,
        (base, config): (&State, &ImageConfig),
        compared: Option<&State>,
        span: Span,
    ) -> Result<State, EmitError> {
        let fixed = ["venv", "--root", OUT, "--prefix", VENV, "--base", "/", "--python", &set.python];
        let search = config.search_path();
        let mut arguments = fixed.to_vec();
        arguments.extend(search.iter().flat_map(|path| ["--path", path.as_str()]));
        let exec = self.tool(&arguments)?.mount(Mount::scratch(OUT));
        let exec = compared.into_iter().map(Self::awaiting).fold(exec, Exec::mount);
        let span = self.base_span(stage).unwrap_or(span);
        Ok(exec.meta(self.metadata(stage, "venv: /venv", span)).run(base).output(OUT))
    }

    /// The place where the file names the base of a stage's environment.
    pub(super) fn base_span(&self, stage: &str) -> Option<Span> {
        let builder = self.plan.builder.as_ref().filter(|_| stage == BUILDER);
        builder.map_or(self.plan.python_span, |builder| builder.base_span)
    }

    /// A process of our tool, mounted into any root. The root is never hashed, but a mount would be.
    pub(super) fn tool(&self, arguments: &[&str]) -> Result<Exec, EmitError> {
        let image = self.inputs.tool.as_ref().ok_or(EmitError::NoTool)?;
        let exec = Exec::new([TOOL, "tool"].iter().chain(arguments).copied())
            .platform(&self.inputs.build_platform)
            .cwd("/")
            .network(Network::None);
        Ok(exec.mount(Mount::bind(image, TOOL).selector("/pybuild").read_only()))
    }

    /// Unpacks the wheels of each layer, and compiles bytecode with the interpreter of the build platform. Of
    /// a file that several wheels have, the one that is installed later is kept.
    fn wheel_layers(
        &self,
        layers: &[WheelLayer],
        order: &[&str],
        set: &WheelSet,
        span: Span,
    ) -> Result<Vec<Unpacked>, EmitError> {
        let places: BTreeMap<&str, usize> = order.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let unpack = |layer: &WheelLayer| {
            let mut wheels: Vec<&WheelPlan> = layer.wheels.iter().collect();
            wheels.sort_by_key(|wheel| places.get(wheel.name.as_str()).copied());
            let mounted =
                wheels.into_iter().map(|wheel| self.mounted(wheel, span)).collect::<Result<Vec<_>, _>>()?;
            let title = format!("unpack: {}", layer.contents());
            let made = self.unpacked(&title, mounted, Some(LIST), set, span)?;
            Ok(Unpacked { tree: made.output(OUT), list: made.output(LIST) })
        };
        layers.iter().map(unpack).collect()
    }

    /// The process that unpacks wheels to a mount at [`OUT`]. With `list`, it also lists the installed files.
    pub(super) fn unpacked(
        &self,
        title: &str,
        mounted: Vec<Mounted>,
        list: Option<&str>,
        set: &WheelSet,
        span: Span,
    ) -> Result<Executed, EmitError> {
        let interpreter = format!("{VENV}/bin/python");
        let fixed = [
            "layer",
            "--root",
            OUT,
            "--prefix",
            VENV,
            "--python",
            &set.python,
            "--interpreter",
            &interpreter,
        ];
        let mut arguments: Vec<&str> = fixed.to_vec();
        // Without bytecode no Python runs, so the tool's own image is enough.
        let (root, search) = match (&self.inputs.tool, set.bytecode) {
            (Some(tool), false) => (tool.clone(), None),
            _ => {
                let compiler = self.compiler()?;
                let config = ImageConfig::inherit(&compiler.config, None, &self.inputs.build_platform);
                (compiler.state, config.search_path())
            }
        };
        if set.bytecode {
            arguments.extend(["--bytecode", "/"]);
            arguments.extend(search.iter().flat_map(|path| ["--path", path.as_str()]));
        }
        for wheel in &mounted {
            arguments.extend([wheel.option, &wheel.argument]);
            if let Some(package) = &wheel.package {
                arguments.extend(["--package", package]);
            }
            if let Some(text) = &wheel.direct_url {
                arguments.extend(["--direct-url", text]);
            }
            if wheel.changes_often && list.is_some() {
                arguments.extend(["--listed", "paths"]);
            }
        }
        arguments.extend(list.into_iter().flat_map(|list| ["--list", list]));
        let mut exec = self.tool(&arguments)?.mount(Mount::scratch(OUT));
        if let Some(list) = list {
            exec = exec.mount(Mount::scratch(list));
        }
        for wheel in mounted {
            exec = exec.mount(wheel.mount);
        }
        Ok(exec.meta(self.metadata("wheels", title, span)).run(&root))
    }

    /// The base whose Python compiles bytecode, for the engine's own platform.
    pub(super) fn compiler(&self) -> Result<BaseImage, EmitError> {
        let builder =
            self.plan.builder.as_ref().ok_or_else(|| EmitError::UnknownStage(BUILDER.to_owned()))?;
        let image = match builder.compiler.image() {
            Some(image) => self.inputs.build_images.get(image),
            None => self.inputs.compiler.as_ref(),
        };
        match image {
            Some(image) => Ok(image.clone()),
            // The compiler is a stage of this build, and the build platform is the platform of the image.
            None if builder.compiler.image().is_none() => {
                let made = self.base(&builder.compiler.plan())?;
                Ok(BaseImage { state: made.state, config: made.config.to_json() })
            }
            None => Err(EmitError::UnresolvedImage(builder.compiler.title())),
        }
    }

    fn mounted(&self, wheel: &WheelPlan, span: Span) -> Result<Mounted, EmitError> {
        let requested = if wheel.requested { ":requested" } else { "" };
        let place = |file: &str| format!("{WHEELS}/{file}");
        let package = Some(identity(wheel));
        let mut mounted = match &wheel.from {
            WheelFrom::Http { url, hash, file, .. } => {
                let state = self.download(url, Some(hash), file, wheel, span);
                let (name, file) = (self.downloaded(url, file.as_str()), file.as_str());
                let mount = Mount::bind(&state, place(file)).selector(format!("/{name}")).read_only();
                Mounted::wheel(mount, format!("{}:{}{requested}", place(file), told(Some(hash))), package)
            }
            WheelFrom::Context { path, hash } => {
                let file = path.rsplit('/').next().unwrap_or(path);
                let hash = told(hash.as_ref());
                let mount = Mount::bind(&self.inputs.context, place(file)).selector(format!("/{path}"));
                Mounted::wheel(mount.read_only(), format!("{}:{hash}{requested}", place(file)), package)
            }
            WheelFrom::Built(from) => {
                let state = self.built_wheel(from, wheel, span)?;
                let place = place(&wheel.name);
                let mount = Mount::bind(&state, &place).read_only();
                let mounted = Mounted::wheel(mount, format!("{place}:-{requested}"), package);
                Mounted { changes_often: wheel.is_own(), ..mounted }
            }
        };
        mounted.direct_url.clone_from(&wheel.direct_url);
        Ok(mounted)
    }

    fn download(
        &self,
        url: &HttpUrl,
        hash: Option<&Hash>,
        file: &FileName,
        wheel: &WheelPlan,
        span: Span,
    ) -> State {
        let group = ProgressGroup {
            id: "pybuild-wheels".to_owned(),
            name: "[wheels] download".to_owned(),
            weak: false,
        };
        let meta = Metadata::named(format!("[wheels] {}", wheel.label()))
            .progress_group(group)
            .location(self.lock_location(wheel.at.as_ref(), span));
        let mut http = self.http(url, file.as_str(), meta);
        // The engine checks only SHA-256. The reader of the file checks other hashes.
        if let Some(sha256) = hash.and_then(Hash::sha256) {
            http = http.checksum(format!("sha256:{sha256}"));
        }
        http.state()
    }

    /// A folder with the wheel that is built from a source.
    fn built_wheel(&self, from: &BuildFrom, wheel: &WheelPlan, span: Span) -> Result<State, EmitError> {
        let (mount, argument) = match from {
            BuildFrom::Sdist { url, hash, file } => {
                let state = self.download(url, hash.as_ref(), file, wheel, span);
                let path = format!("{SOURCES}/{file}");
                let name = self.downloaded(url, file.as_str());
                let mount = Mount::bind(&state, &path).selector(format!("/{name}")).read_only();
                // pip checks an archive against the hash in its URL before it runs any code of the archive.
                let argument = match hash.as_ref().filter(|hash| hash.sha256().is_none()) {
                    Some(hash) => format!("file://{path}#{}={}", hash.algorithm, hash.digest),
                    None => path,
                };
                (mount, argument)
            }
            BuildFrom::Git { url, commit, subdirectory } => {
                let meta = Metadata::named(format!("[wheels] {} from {url}", wheel.label()));
                let state = Git::new(url.as_str())
                    .reference(commit.as_str())
                    .meta(meta.location(self.lock_location(wheel.at.as_ref(), span)))
                    .state();
                let folder = subdirectory.as_deref().map(|folder| format!("/{folder}")).unwrap_or_default();
                (Mount::bind(&state, SOURCES).no_output(), format!("{SOURCES}{folder}"))
            }
            BuildFrom::Context { path, .. } => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let place = format!("{SOURCES}/{name}");
                let source = self.with_brought(path, span)?;
                let mount = Mount::bind(&source, &place).selector(format!("/{path}"));
                (mount.no_output(), place)
            }
        };
        let location = self.lock_location(wheel.at.as_ref(), span);
        let version = match from {
            // A source distribution contains its version.
            BuildFrom::Sdist { .. } => None,
            // The step has no repository that could be asked, but the lock knows the version.
            BuildFrom::Git { .. } => wheel.version.as_deref(),
            BuildFrom::Context { .. } => self.version(),
        };
        let title = format!("build: {}", wheel.label());
        self.built_from((mount, &argument), version, &wheel.build, &title, location)
    }

    /// The context for building a package in a folder, with the files that stages bring into this folder.
    fn with_brought(&self, folder: &str, span: Span) -> Result<State, EmitError> {
        let builder = self.plan.builder.as_ref();
        let all = builder.iter().flat_map(|builder| &builder.brought);
        let below = format!("/{folder}/");
        let brought: Vec<_> =
            all.filter(|one| format!("{}/", one.copy.to).starts_with(&below)).cloned().collect();
        if brought.is_empty() {
            return Ok(self.inputs.context.clone());
        }
        let files = AppFiles {
            include: ContextPath::parse(folder).into_iter().collect(),
            linked: Vec::new(),
            exclude: Vec::new(),
            to: ImagePath::constant("/"),
            brought,
        };
        let brought = self.brought(&files.brought, BUILDER)?;
        let meta = self.metadata(BUILDER, &format!("source: {folder}"), span);
        Ok(self.app(&State::scratch(), (&files, &brought), &[], meta))
    }

    fn built_from(
        &self,
        (source, path): (Mount, &str),
        version: Option<&str>,
        rules: &BuildRules,
        title: &str,
        location: Location,
    ) -> Result<State, EmitError> {
        let (root, config) = self.build_root()?;
        let settings = rules.settings.iter().map(|setting| format!("--config-settings={setting}"));
        let arguments: Vec<String> = std::iter::once(path.to_owned()).chain(settings).collect();
        let exec = self
            .shell(WHEEL, &arguments, &config)
            .mount(HIDE.mount())
            .mount(source)
            .mount(cause::SCRIPT.mount());
        let exec = with_build(exec.mount(Mount::scratch(OUT)), rules);
        let exec = with_version(exec, version);
        let meta = self.metadata_at(BUILDER, title, vec![location]);
        Ok(self.with_pip_cache(exec).meta(meta).run(&root).output(OUT))
    }

    /// The builder before the installation: its base, and the OS packages for compiling.
    fn build_root(&self) -> Result<(State, ImageConfig), EmitError> {
        let builder =
            self.plan.builder.as_ref().ok_or_else(|| EmitError::UnknownStage(BUILDER.to_owned()))?;
        let mut image = self.base(&builder.base.plan())?;
        if let Some(packages) = &builder.packages {
            image.state = self.packages(BUILDER, packages, &image.state, &image.config);
        }
        if let Some(set) = builder.environment.wheels.as_ref().filter(|set| set.conda.is_some()) {
            // Wheels for a conda environment are built with the environment's own Python.
            let merges = self.inputs.capabilities.supports(Cap::MergeOp);
            let mut layers = Layers::new(image.state.clone(), merges);
            self.add_conda(BUILDER, CondaParts::Base, set, builder.span, &mut layers, &mut image)?;
            image.config.activate_venv();
            image.config.activate_conda();
            image.state = layers.image(&self.metadata(BUILDER, "conda", builder.span));
        }
        Ok((image.state, image.config))
    }

    /// The project as a package: its wheel is built only from its own sources, and then unpacked.
    pub(super) fn project_layer(
        &self,
        files: &AppFiles,
        set: &WheelSet,
        span: Span,
    ) -> Result<State, EmitError> {
        let meta = self.metadata(BUILDER, "project: source", span);
        let brought = self.brought(&files.brought, BUILDER)?;
        let source = self.app(&State::scratch(), (files, &brought), &[], meta);
        let mount = Mount::bind(&source, SOURCES).selector(files.to.as_str()).no_output();
        let built = self.built_from(
            (mount, SOURCES),
            self.version(),
            self.own_build(),
            "project: wheel",
            self.location(span),
        )?;
        let place = format!("{WHEELS}/project");
        let mount = Mount::bind(&built, &place).read_only();
        let wheel = Mounted::wheel(mount, format!("{place}:-:requested"), None);
        Ok(self.unpacked("project: unpack", vec![wheel], None, set, span)?.output(OUT))
    }
}
