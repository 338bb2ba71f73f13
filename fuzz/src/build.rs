//! The whole way of a build: file, project, rules, plan, graph, bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{CapSet, Image, Local, Platform, SourceFile, State};
use pybuild::diagnostics::Source;
use pybuild::emit::{BaseImage, ExecOptions, Inputs, Scanned, emit};
use pybuild::ignore::Patterns;
use pybuild::lint::{Asked, CheckOptions, examine};
use pybuild::plan::Plan;
use pybuild::project::{Context, ContextError, Files, Ignored, Kind, Project, Scope};
use pybuild::resolve::{Clock, Question, ResolveError, Resolver, wheel_sets};
use pybuild::spec::{Arguments, ContextPath, Installer, Spec};

use crate::texts::shown;

/// A context in memory.
pub(crate) struct Memory<'t>(pub(crate) BTreeMap<&'t str, &'t str>);

impl Context for Memory<'_> {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        Ok(self.0.get(path.as_str()).map(|text| text.as_bytes().to_vec()))
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        if self.0.contains_key(path.as_str()) {
            return Ok(Some(Kind::File));
        }
        let inside = format!("{}/", path.as_str());
        let is_folder = path.is_root() || self.0.keys().any(|name| name.starts_with(&inside));
        Ok(is_folder.then_some(Kind::Folder))
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        let prefix = if folder.is_root() { String::new() } else { format!("{}/", folder.as_str()) };
        let below = self.0.keys().filter_map(|name| name.strip_prefix(&prefix));
        let names = below.map(|name| name.split('/').next().unwrap_or(name).to_owned());
        // Each name once, as in a folder: a walk would take each of several names, and again on each level below.
        let names: BTreeSet<String> = names.filter(|name| !name.is_empty()).collect();
        Ok(names.into_iter().collect())
    }
}

/// The time of every run, in seconds since 1970: the same input does the same at any time.
const EPOCH: i64 = 1_700_000_000;

/// An index that has nothing.
struct Nothing;

impl Resolver for Nothing {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        if question.files.is_some() {
            return Ok("{}".to_owned());
        }
        Ok("lock-version = \"1.0\"\ncreated-by = \"pybuild\"\npackages = []\n".to_owned())
    }

    fn clock(&self) -> Clock {
        Clock::new(Some(EPOCH))
    }
}

/// A build file, and the files of its context below lines `=== NAME`.
pub fn build_file(bytes: &[u8]) {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= 1 << 16) else { return };
    let mut files = text.split("=== ").map(|part| part.split_once('\n').unwrap_or((part, "")));
    let file = text.split("=== ").next().unwrap_or_default();
    files.next();
    // As in a folder, no name is empty, `.` or `..`: a walk would go round in circles.
    let is_clean =
        |name: &str| ContextPath::parse(name).is_some_and(|path| !path.is_root() && path.as_str() == name);
    let context = Memory(files.filter(|(name, _)| is_clean(name)).collect());
    let source = Arc::new(Source::new("pybuild.toml", file));
    let (Some(spec), mut found) = Spec::parse(&source, Arguments::default()) else { return };
    let ignored = match Ignored::of("pybuild.toml", None, &context) {
        Ok(ignored) => ignored,
        Err(_) => Ignored { patterns: Patterns::built_in(), file: None },
    };
    let files = Files { context: &context, ignored: &ignored };
    let platform = Platform::new("linux", "amd64");
    if found.has_errors() {
        shown(&found);
        return;
    }
    let asked = Asked {
        target: None,
        platform: &platform,
        build_platform: &platform,
        epoch: Some(EPOCH),
        named: &[],
    };
    examine(&spec, &files, asked, &CheckOptions::default(), &mut found).expect("a context");
    shown(&found);
    if found.has_errors() {
        return;
    }
    for target in spec.targets().into_iter().take(5) {
        let scope = Scope::of(&spec, target);
        let project = Project::detect(&spec, &scope, &files, &mut found).expect("a context");
        let mut plan = Plan::new(&spec, &project, target, &BTreeMap::new(), &mut found);
        if spec.dependencies.installer == Installer::Wheels && plan.builder.is_some() {
            let wanted = plan.group_sets();
            let Ok(sets) = wheel_sets(&spec, &project, &wanted, (&platform, None), &Nothing, &mut found)
            else {
                return;
            };
            plan = Plan::new(&spec, &project, target, &sets, &mut found);
        }
        if found.has_errors() {
            return;
        }
        let Ok(image) = emit(&plan, &inputs(&plan, &platform, file)) else { continue };
        let sent = image.state.marshal();
        let read =
            buildkit_llb::Definition::decode(&sent.encode()).expect("a definition is read as it is written");
        assert_eq!(State::from_definition(&read).expect("a graph").digest(), image.state.digest());
        let again = emit(&plan, &inputs(&plan, &platform, file)).expect("the same plan");
        assert_eq!(again.state.marshal().encode(), sent.encode(), "one plan, two graphs");
    }
}

fn inputs(plan: &Plan, platform: &Platform, file: &str) -> Inputs {
    let config = serde_json::json!({ "os": "linux", "architecture": "amd64", "config": {} });
    let images = plan.images().into_iter().chain(plan.build_images()).map(|reference| {
        let state = Image::new(reference.to_string()).platform(platform).state();
        (reference.clone(), BaseImage { state, config: config.clone() })
    });
    let images: BTreeMap<_, _> = images.collect();
    Inputs {
        dockerfiles: BTreeMap::new(),
        resolved: Vec::new(),
        stages: BTreeMap::new(),
        build_images: images.clone(),
        images,
        compiler: None,
        explicit_platform: false,
        multi_platform: false,
        build_platform: platform.clone(),
        context: Local::new("context").state(),
        tool: Some(Image::new("registry.example/pybuild:1").platform(platform).state()),
        file: Arc::new(SourceFile {
            filename: "pybuild.toml".into(),
            data: file.as_bytes().to_vec(),
            language: "toml".into(),
            definition: None,
        }),
        platform: platform.clone(),
        capabilities: CapSet::all(),
        options: ExecOptions::default(),
        epoch: None,
        scanned: Scanned::default(),
        together: BTreeMap::new(),
        tries: BTreeMap::new(),
    }
}
