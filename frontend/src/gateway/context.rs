//! The build context through the engine: the project is read from it, and steps copy from it.

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

/// The name by which clients offer the context.
const LOCAL: &str = "context";

/// The file in which the engine lists the names of files that the client has not sent.
const LISTING: &str = ".fsutil-metadata";

/// The largest number of folders that are listed one by one.
const MOST_FOLDERS: usize = 200;

/// The context of one build.
pub struct GatewayContext<'b> {
    bridge: &'b Bridge,
    main: &'b MainContext,
    /// Paths that the build file names. They are looked up together with the well-known files.
    named: BTreeSet<String>,
    probes: RefCell<Probes>,
}

/// The parts of the context that were read so far. The client transfers a few files at a time.
#[derive(Default)]
struct Probes {
    /// The first transfer: well-known files, and files that the build file names.
    first: Option<Look>,
    /// Later transfers, by the path that the first one did not contain.
    later: BTreeMap<String, Look>,
    /// The names of all files that are not ignored.
    whole: Option<Rc<Listing>>,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

/// A part of the context that has been transferred.
#[derive(Clone)]
struct Look {
    /// `None` if this part of the context is empty.
    reference: Option<Reference>,
    /// The names of all files, if the client sent most of them without their content.
    listing: Option<Rc<Listing>>,
    /// The state from which steps can take the same files.
    state: State,
}

impl<'b> GatewayContext<'b> {
    /// The context of the build that `file` belongs to. `named` are the paths that will be asked for.
    pub fn new(bridge: &'b Bridge, file: &'b BuildFile, named: impl IntoIterator<Item = String>) -> Self {
        let probes = RefCell::new(Probes::default());
        Self { bridge, main: &file.context, named: named.into_iter().collect(), probes }
    }

    /// The context of the build that `file` belongs to, for the paths that `spec` names.
    pub fn of(bridge: &'b Bridge, file: &'b BuildFile, spec: &Spec) -> Self {
        let named = Scope::all(spec).named_paths().into_iter().map(|path| path.value.as_str().to_owned());
        let requirements = spec.dependencies.requirements.iter().flatten();
        let requirements = requirements.chain(spec.dependencies.groups.values().flatten());
        let requirements = requirements.map(|path| path.value.as_str().to_owned());
        Self::new(bridge, file, named.chain(requirements))
    }

    /// The ignore rules of the context: `FILE.dockerignore`, else `.dockerignore`, else the built-in rules.
    /// If the client does not transfer the context, nothing is ignored.
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

    /// The files of the context for build steps: `paths` or all files, without the ignored ones.
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

    /// Files of the context for steps that need only `paths`. If all of them were already transferred for
    /// reading, the same state is used again, so the client is not asked twice.
    pub fn files(&self, paths: &BTreeSet<String>, ignored: &Ignored) -> State {
        if paths.is_empty() {
            return State::scratch();
        }
        match &self.probes.borrow().first {
            Some(look) if paths.iter().all(|path| self.has_content(look, path)) => look.state.clone(),
            _ => self.state(Some(paths), ignored),
        }
    }

    /// Whether the first transfer contains the content of the file at `path`.
    fn has_content(&self, look: &Look, path: &str) -> bool {
        let is_file = |listing: &Rc<Listing>| matches!(listing.get(path), Some(Entry::File { .. }));
        self.is_known(path) && self.is_read(path) && look.listing.as_ref().is_some_and(is_file)
    }

    /// Whether the first transfer reads the content of a path.
    fn is_read(&self, path: &str) -> bool {
        !self.named.contains(path) || is_text(path)
    }

    /// The part of the context that contains `path`.
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

    /// The content of the file `target`, to which `path` leads.
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
            // Only the name of this file has been transferred, so its content is transferred now.
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

    /// The names of everything below `roots` that is not ignored, and possibly more names. If the first
    /// transfer already lists all of them, the client is not asked again.
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
                // This engine cannot transfer names alone. The client would have to send all files.
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

    /// Lists the files of a context that is not a client's folder. It lists one folder after the other, up to
    /// [`MOST_FOLDERS`], to limit the time.
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

    /// Transfers the paths that `patterns` name. Paths for which `read` is true are transferred with their
    /// content.
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
                // A build that consists only of a build file has an empty context.
                let listing = reference.is_none().then(Rc::default);
                return Ok(Look { reference, listing, state: state.clone() });
            }
            MainContext::Client { session_id } => session_id,
        };
        let mut local = Local::new(LOCAL)
            .session_id(session_id)
            .shared_key_hint(format!("{LOCAL}-pybuild"))
            // `follow_paths` also transfers the targets of symbolic links.
            .follow_paths(patterns)
            .meta(Metadata::named(format!("[internal] {what}")));
        if !without.is_empty() {
            local = local.exclude_patterns(without);
        }
        let names_only = self.bridge.llb_caps().supports(Cap::SourceLocalMetadataTransfer);
        if names_only {
            // For the app itself, names are enough.
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

/// Whether the name of a file that the build file names shows that its content is read.
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
            // The engine does not report the target of this link. Reading it later will show whether it is a
            // file.
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
            // The engine itself follows links in files that it has.
            None => Ok(Some(path.clone())),
        }
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        // These names are needed only to suggest a name for a missing file. So only a build with such a
        // mistake pays for another transfer.
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

/// The failure of reading the context: the engine's own message if the engine caused the failure.
pub(super) fn failure_of(error: &ContextError) -> FrontendFailure {
    match error.0.downcast_ref::<FrontendFailure>() {
        Some(failure) => failure.clone(),
        None => FrontendFailure::new(error.to_string(), &[]),
    }
}
