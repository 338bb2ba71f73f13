//! The build context through the engine: what the project is read from, and what steps copy from.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use buildkit_llb::{Cap, Local, Metadata, State};

use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::{BuildFile, MainContext, solve};
use crate::gateway::calls::{Reference, SolveRequest};
use crate::gateway::errors::FrontendFailure;
use crate::gateway::listing::{Entry, Listing, entry_at, listed, matching, target_in};
use crate::ignore::Patterns;
use crate::project::{
    CONDA_FILES, Context, ContextError, Ignored, Kind, LIKELY, LOCKS, MOST_BYTES, Scope, Unfit, WELL_KNOWN,
};
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
    whole: Option<Rc<Listing>>,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

/// A part of the context that has been transferred.
#[derive(Clone)]
struct Look {
    /// Absent where there is nothing at all.
    reference: Option<Reference>,
    /// Everything that is there, where the client sent no more than names for most of it.
    listing: Option<Rc<Listing>>,
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
        let is_file = |listing: &Rc<Listing>| matches!(listing.get(path), Some(Entry::File { .. }));
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

    /// The content of the file `target`, which `path` leads to.
    fn content(&self, path: &ContextPath, target: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        let look = self.look(path.as_str()).map_err(boxed)?;
        let is_file = look.listing.as_ref().map(|listing| listing.get(target.as_str()));
        let read = |reference: &Reference, path: &ContextPath| {
            let bytes = self.bridge.read_until(reference, path.as_str(), MOST_BYTES);
            bytes.map(Some).map_err(|error| boxed(error.into()))
        };
        let bytes = match (is_file, &look.reference) {
            (_, None) => return Ok(None),
            (Some(Some(Entry::File { .. })), Some(reference))
                if path == target && self.is_read(path.as_str()) =>
            {
                read(reference, path)?
            }
            // Of this file, no more than its name has been transferred.
            (Some(Some(Entry::File { .. })), Some(_)) => {
                let only = BTreeSet::from([target.as_str().to_owned()]);
                let look = self.look_with(&only, &[], |_| true).map_err(boxed)?;
                match &look.reference {
                    Some(reference) => read(reference, target)?,
                    None => None,
                }
            }
            (Some(Some(Entry::Other)), Some(_)) => {
                return Err(Unfit::NotRegular { path: path.clone() }.into());
            }
            (Some(_), Some(_)) => None,
            (None, Some(reference)) => {
                let bytes = self.bridge.try_read_file(reference, path.as_str());
                bytes.map_err(|error| boxed(error.into()))?
            }
        };
        if bytes.as_ref().is_some_and(|bytes| bytes.len() as u64 > MOST_BYTES) {
            return Err(Unfit::TooLarge { path: path.clone() }.into());
        }
        Ok(bytes)
    }

    /// The names of everything below `roots` that is not ignored, and of more. What the first look has shown is not
    /// asked again.
    fn names_below(
        &self,
        roots: &BTreeSet<ContextPath>,
        ignored: &Patterns,
    ) -> Result<Rc<Listing>, FrontendFailure> {
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
    fn walk(&self, reference: &Reference, roots: &BTreeSet<ContextPath>, ignored: &Patterns) -> Listing {
        let mut found = BTreeMap::new();
        let mut open: Vec<String> = roots.iter().map(|root| root.as_str().to_owned()).collect();
        for _ in 0..MOST_FOLDERS {
            let Some(folder) = open.pop() else { break };
            let shown = if folder == "." { "/" } else { &folder };
            let Ok(entries) = self.bridge.read_dir(reference, shown, None) else {
                found.insert(folder, Entry::File { runs: false });
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
                    found.insert(path, Entry::File { runs: entry.runs() });
                }
            }
        }
        found
    }

    fn look_for(&self, patterns: &BTreeSet<String>, without: &[String]) -> Result<Look, FrontendFailure> {
        self.look_with(patterns, without, |path| self.is_read(path))
    }

    /// Transfers what `patterns` name, of which those have their contents that are `read`.
    fn look_with(
        &self,
        patterns: &BTreeSet<String>,
        without: &[String],
        read: impl Fn(&str) -> bool,
    ) -> Result<Look, FrontendFailure> {
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
            // What links lead to comes with them.
            .follow_paths(patterns)
            .meta(Metadata::named(format!("[internal] {what}")));
        if !without.is_empty() {
            local = local.exclude_patterns(without);
        }
        let names_only = self.bridge.llb_caps().supports(Cap::SourceLocalMetadataTransfer);
        if names_only {
            // Of the app itself it is enough to know that it is there.
            local = local.metadata_only(patterns.iter().filter(|path| read(path)));
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
        let bytes = match Context::follow(self, path)? {
            Some(target) => self.content(path, &target)?,
            None => None,
        };
        self.probes.borrow_mut().files.insert(path.as_str().to_owned(), bytes.clone());
        Ok(bytes)
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        let look = self.look(path.as_str()).map_err(boxed)?;
        if let Some(listing) = &look.listing {
            let entry = target_in(listing, path).and_then(|target| entry_at(listing, &target));
            return Ok(entry.map(|entry| match entry {
                Entry::Folder => Kind::Folder,
                Entry::File { .. } => Kind::File,
                Entry::Link(_) | Entry::Other => Kind::Other,
            }));
        }
        let Some(reference) = &look.reference else { return Ok(None) };
        let found = self.bridge.stat(reference, path.as_str()).map_err(|error| boxed(error.into()))?;
        Ok(found.map(|found| match () {
            () if found.is_dir() => Kind::Folder,
            // Where an engine does not tell of what a link leads to, reading tells.
            () if found.is_file() || found.is_symlink() => Kind::File,
            () => Kind::Other,
        }))
    }

    fn is_executable(&self, path: &ContextPath) -> Result<Option<bool>, ContextError> {
        let look = self.look(path.as_str()).map_err(boxed)?;
        let Some(listing) = &look.listing else {
            let Some(reference) = &look.reference else { return Ok(None) };
            let found = self.bridge.stat(reference, path.as_str()).map_err(|error| boxed(error.into()))?;
            return Ok(found.map(|found| found.runs()));
        };
        let entry = target_in(listing, path).and_then(|target| entry_at(listing, &target));
        Ok(match entry {
            Some(Entry::File { runs }) => Some(runs),
            _ => None,
        })
    }

    fn follow(&self, path: &ContextPath) -> Result<Option<ContextPath>, ContextError> {
        let look = self.look(path.as_str()).map_err(boxed)?;
        match &look.listing {
            Some(listing) => Ok(target_in(listing, path)),
            // The engine follows links of what it holds.
            None => Ok(Some(path.clone())),
        }
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
