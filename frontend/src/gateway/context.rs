//! The build context through the engine: what the project is read from, and what steps copy from.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use buildkit_llb::{Cap, Local, Metadata, State};

use buildkit_proto::fsutil::types::Stat;
use prost::Message;

use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::{BuildFile, MainContext, solve};
use crate::gateway::calls::{FileStat, Reference, SolveRequest};
use crate::gateway::errors::FrontendFailure;
use crate::ignore::Patterns;
use crate::project::{CONDA_FILES, Context, ContextError, Ignored, Kind, LIKELY, LOCKS, Scope, WELL_KNOWN};
use crate::spec::{ContextPath, Spec};

/// The name under which clients offer the context.
const LOCAL: &str = "context";

/// Where the names are of what a client has not sent.
const LISTING: &str = ".fsutil-metadata";

/// How many folders are looked into one by one.
const MOST_FOLDERS: usize = 200;

/// The context of one build.
pub struct GatewayContext<'b> {
    bridge: &'b Bridge,
    main: &'b MainContext,
    /// Paths that the file names: they are looked for together with the well-known ones.
    named: BTreeSet<String>,
    probes: RefCell<Probes>,
}

/// What has been looked at so far. Files of a client are transferred a few at a time.
#[derive(Default)]
struct Probes {
    /// The first look: well-known files, and those that the build file names.
    first: Option<Look>,
    /// Later looks, by the path that was missing from the first.
    later: BTreeMap<String, Look>,
    /// The names of everything that is not ignored.
    whole: Option<Rc<BTreeMap<String, Kind>>>,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

/// A part of the context that has been transferred.
#[derive(Clone)]
struct Look {
    /// Absent where there is nothing at all.
    reference: Option<Reference>,
    /// Everything that is there, where the client sent no more than names for most of it.
    listing: Option<Rc<BTreeMap<String, Kind>>>,
    /// What steps can have the same files from.
    state: State,
}

impl<'b> GatewayContext<'b> {
    /// The context that `file` was found with. `named` are the paths that will be asked for.
    pub fn new(bridge: &'b Bridge, file: &'b BuildFile, named: impl IntoIterator<Item = String>) -> Self {
        let probes = RefCell::new(Probes::default());
        Self { bridge, main: &file.context, named: named.into_iter().collect(), probes }
    }

    /// The context that `file` was found with, asked for what it says.
    pub fn of(bridge: &'b Bridge, file: &'b BuildFile, spec: &Spec) -> Self {
        let named = Scope::all(spec).named_paths().into_iter().map(|path| path.value.as_str().to_owned());
        let requirements = spec.dependencies.requirements.iter().flatten();
        let requirements = requirements.chain(spec.dependencies.groups.values().flatten());
        let requirements = requirements.map(|path| path.value.as_str().to_owned());
        Self::new(bridge, file, named.chain(requirements))
    }

    /// What is left out of the context: `FILE.dockerignore`, else `.dockerignore`, else the built-in rules. Nothing is
    /// left out of a context that the client does not transfer.
    ///
    /// # Errors
    /// If the context cannot be read, or a rule is malformed.
    pub fn ignored(&self, file: &BuildFile) -> Result<Ignored, FrontendFailure> {
        if matches!(self.main, MainContext::State(_)) {
            return Ok(Ignored { patterns: Patterns::default(), file: None });
        }
        Ignored::of(&file.source.name, file.ignore_file.clone(), self)
            .map_err(|message| FrontendFailure::new(message, &[]))
    }

    /// The files of the context for build steps: `paths`, or all of it, less what is ignored.
    pub fn state(&self, paths: Option<&BTreeSet<String>>, ignored: &Ignored) -> State {
        let session_id = match self.main {
            MainContext::State(state) => return state.clone(),
            MainContext::Client { session_id } => session_id,
        };
        let mut local = Local::new(LOCAL)
            .session_id(session_id)
            .shared_key_hint(LOCAL)
            .meta(Metadata::named("[internal] load build context"));
        let rules = ignored.patterns.to_strings();
        if !rules.is_empty() {
            local = local.exclude_patterns(rules);
        }
        if let Some(paths) = paths {
            local = local.follow_paths(paths);
        }
        local.state()
    }

    /// Files of the context for steps that need nothing but `paths`: as they were transferred to be read, if all of them
    /// were, so that the client is not asked again.
    pub fn files(&self, paths: &BTreeSet<String>, ignored: &Ignored) -> State {
        if paths.is_empty() {
            return State::scratch();
        }
        match &self.probes.borrow().first {
            Some(look) if paths.iter().all(|path| self.has_content(look, path)) => look.state.clone(),
            _ => self.state(Some(paths), ignored),
        }
    }

    /// Whether the first look has brought the content of the file at `path`.
    fn has_content(&self, look: &Look, path: &str) -> bool {
        let is_file = |listing: &Rc<BTreeMap<String, Kind>>| listing.get(path) == Some(&Kind::File);
        self.is_known(path) && self.is_read(path) && look.listing.as_ref().is_some_and(is_file)
    }

    /// Whether a path of the first look is transferred with its content.
    fn is_read(&self, path: &str) -> bool {
        !self.named.contains(path) || is_text(path)
    }

    /// The part of the context in which `path` is to be looked for.
    fn look(&self, path: &str) -> Result<Look, FrontendFailure> {
        if path == "." || self.is_known(path) {
            if let Some(look) = &self.probes.borrow().first {
                return Ok(look.clone());
            }
            let mut patterns: BTreeSet<String> = self.named.clone();
            let usual = WELL_KNOWN.iter().chain(&LIKELY).chain(&LOCKS).chain(&CONDA_FILES);
            patterns.extend(usual.map(|pattern| (*pattern).to_owned()));
            let look = self.look_for(&patterns, &[])?;
            self.probes.borrow_mut().first = Some(look.clone());
            return Ok(look);
        }
        let known = self.probes.borrow().later.get(path).cloned();
        if let Some(look) = known {
            return Ok(look);
        }
        let look = self.look_for(&BTreeSet::from([path.to_owned()]), &[])?;
        self.probes.borrow_mut().later.insert(path.to_owned(), look.clone());
        Ok(look)
    }

    fn is_known(&self, path: &str) -> bool {
        let likely = Patterns::from_rules(LIKELY).unwrap_or_default();
        WELL_KNOWN.contains(&path)
            || LOCKS.contains(&path)
            || CONDA_FILES.contains(&path)
            || self.named.contains(path)
            || likely.matches(path)
    }

    /// The names of everything below `roots` that is not ignored, and of more. What the first look has shown is not
    /// asked again.
    fn names_below(
        &self,
        roots: &BTreeSet<ContextPath>,
        ignored: &Patterns,
    ) -> Result<Rc<BTreeMap<String, Kind>>, FrontendFailure> {
        let first = self.look(".")?;
        let Some(listing) = first.listing else {
            return Ok(Rc::new(match self.main {
                MainContext::State(_) => match &first.reference {
                    Some(reference) => self.walk(reference, roots, ignored),
                    None => BTreeMap::new(),
                },
                // An engine that cannot tell names alone would have the files sent for it.
                MainContext::Client { .. } => BTreeMap::new(),
            }));
        };
        if roots.iter().all(|root| self.named.contains(root.as_str())) {
            return Ok(listing);
        }
        if let Some(known) = &self.probes.borrow().whole {
            return Ok(Rc::clone(known));
        }
        let look = self.look_for(&BTreeSet::new(), &ignored.to_strings())?;
        let listing = look.listing.unwrap_or_default();
        self.probes.borrow_mut().whole = Some(Rc::clone(&listing));
        Ok(listing)
    }

    /// The same for a context that is no folder of a client's: folder by folder, as far as that takes no long time.
    fn walk(
        &self,
        reference: &Reference,
        roots: &BTreeSet<ContextPath>,
        ignored: &Patterns,
    ) -> BTreeMap<String, Kind> {
        let mut found = BTreeMap::new();
        let mut open: Vec<String> = roots.iter().map(|root| root.as_str().to_owned()).collect();
        for _ in 0..MOST_FOLDERS {
            let Some(folder) = open.pop() else { break };
            let shown = if folder == "." { "/" } else { &folder };
            let Ok(entries) = self.bridge.read_dir(reference, shown, None) else {
                found.insert(folder, Kind::File);
                continue;
            };
            for entry in entries {
                let path =
                    if folder == "." { entry.path.clone() } else { format!("{folder}/{}", entry.path) };
                if ignored.matches(&path) || entry.path == ".git" {
                    continue;
                }
                if entry.is_dir() {
                    open.push(path);
                } else if entry.is_file() {
                    found.insert(path, Kind::File);
                }
            }
        }
        found
    }

    fn look_for(&self, patterns: &BTreeSet<String>, without: &[String]) -> Result<Look, FrontendFailure> {
        let what = if patterns.is_empty() { "list build context" } else { "load project files" };
        let session_id = match self.main {
            MainContext::State(state) => {
                let reference = self.bridge.solve(SolveRequest::new(&state.marshal()))?;
                // A lone build file comes without a context.
                let listing = reference.is_none().then(Rc::default);
                return Ok(Look { reference, listing, state: state.clone() });
            }
            MainContext::Client { session_id } => session_id,
        };
        let mut local = Local::new(LOCAL)
            .session_id(session_id)
            .shared_key_hint(format!("{LOCAL}-pybuild"))
            .include_patterns(patterns)
            .meta(Metadata::named(format!("[internal] {what}")));
        if !without.is_empty() {
            local = local.exclude_patterns(without);
        }
        let names_only = self.bridge.llb_caps().supports(Cap::SourceLocalMetadataTransfer);
        if names_only {
            // Of the app itself it is enough to know that it is there.
            local = local.metadata_only(patterns.iter().filter(|path| self.is_read(path)));
        }
        let state = local.state();
        let reference = solve(self.bridge, &state.marshal())?;
        let listing = if names_only {
            Some(Rc::new(listed(&self.bridge.read_file(&reference, LISTING)?)))
        } else {
            None
        };
        Ok(Look { reference: Some(reference), listing, state })
    }
}

/// The entries of a listing: each a length in four bytes, little-endian, and an fsutil `Stat`.
fn listed(bytes: &[u8]) -> BTreeMap<String, Kind> {
    let mut found = BTreeMap::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((message, after)) = after.split_at_checked(length) else {
            break;
        };
        rest = after;
        if let Ok(stat) = Stat::decode(message) {
            let stat = FileStat::from(stat);
            let kind = if stat.is_dir() { Kind::Folder } else { Kind::File };
            found.insert(stat.path, kind);
        }
    }
    found
}

/// Whether a file that the build file names is one that is read, by its name.
fn is_text(path: &str) -> bool {
    [".txt", ".toml", ".in", ".lock", ".cfg", ".yml", ".yaml"].iter().any(|end| path.ends_with(end))
}

impl Context for GatewayContext<'_> {
    fn expect(&self, paths: &BTreeSet<ContextPath>) -> Result<(), ContextError> {
        let unknown = |path: &&ContextPath| {
            !self.is_known(path.as_str()) && !self.probes.borrow().later.contains_key(path.as_str())
        };
        let missing: BTreeSet<String> =
            paths.iter().filter(unknown).map(|path| path.as_str().to_owned()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let look = self.look_for(&missing, &[]).map_err(boxed)?;
        self.probes.borrow_mut().later.extend(missing.into_iter().map(|path| (path, look.clone())));
        Ok(())
    }

    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        if let Some(known) = self.probes.borrow().files.get(path.as_str()) {
            return Ok(known.clone());
        }
        let look = self.look(path.as_str()).map_err(boxed)?;
        let listed = look.listing.as_ref().map(|listing| listing.get(path.as_str()));
        let bytes = match (listed, &look.reference) {
            (Some(None | Some(Kind::Folder)), _) | (_, None) => Ok(None),
            (Some(Some(Kind::File)), Some(reference)) => {
                self.bridge.read_file(reference, path.as_str()).map(Some)
            }
            (None, Some(reference)) => self.bridge.try_read_file(reference, path.as_str()),
        };
        let bytes = bytes.map_err(|error| boxed(error.into()))?;
        self.probes.borrow_mut().files.insert(path.as_str().to_owned(), bytes.clone());
        Ok(bytes)
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        let look = self.look(path.as_str()).map_err(boxed)?;
        if let Some(listing) = &look.listing {
            return Ok(listing.get(path.as_str()).copied());
        }
        let Some(reference) = &look.reference else { return Ok(None) };
        let found = self.bridge.stat(reference, path.as_str()).map_err(|error| boxed(error.into()))?;
        Ok(found.map(|found| if found.is_dir() { Kind::Folder } else { Kind::File }))
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        // Asked only to suggest a name for one that is missing, so the price of another look is paid by mistakes alone.
        let prefix = if folder.is_root() { String::new() } else { format!("{}/", folder.as_str()) };
        let patterns = BTreeSet::from([format!("{prefix}*")]);
        let look = self.look_for(&patterns, &[format!("{prefix}*/*")]).map_err(boxed)?;
        if let Some(listing) = &look.listing {
            let names = listing.keys().filter_map(|path| path.strip_prefix(&prefix));
            return Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect());
        }
        let path = if folder.is_root() { "/" } else { folder.as_str() };
        let Some(reference) = &look.reference else { return Ok(Vec::new()) };
        let entries = self.bridge.read_dir(reference, path, None).unwrap_or_default();
        Ok(entries.into_iter().map(|entry| entry.path).collect())
    }

    fn find(
        &self,
        roots: &BTreeSet<ContextPath>,
        names: &[&str],
        ignored: &Patterns,
    ) -> Result<Vec<String>, ContextError> {
        let listing = self.names_below(roots, ignored).map_err(boxed)?;
        Ok(matching(&listing, roots, names, ignored).collect())
    }
}

fn matching<'l>(
    listing: &'l BTreeMap<String, Kind>,
    roots: &'l BTreeSet<ContextPath>,
    names: &[&str],
    ignored: &'l Patterns,
) -> impl Iterator<Item = String> + use<'l> {
    let wanted = Patterns::from_rules(names.iter().copied()).unwrap_or_default();
    let roots: BTreeSet<&str> = roots.iter().map(ContextPath::as_str).collect();
    let is_below = move |path: &str| {
        let parents = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        roots.contains(".") || parents.chain([path]).any(|parent| roots.contains(parent))
    };
    let files = listing.iter().filter(|(_, kind)| **kind == Kind::File).map(|(path, _)| path);
    let fitting = files.filter(move |path| wanted.matches(path.rsplit('/').next().unwrap_or_default()));
    fitting.take(ignored.most_paths()).filter(move |path| is_below(path) && !ignored.matches(path)).cloned()
}

fn boxed(failure: FrontendFailure) -> ContextError {
    ContextError(Box::new(failure))
}

/// The engine's own words, where the context could not be read because of it.
pub(super) fn failure_of(error: &ContextError) -> FrontendFailure {
    match error.0.downcast_ref::<FrontendFailure>() {
        Some(failure) => failure.clone(),
        None => FrontendFailure::new(error.to_string(), &[]),
    }
}
