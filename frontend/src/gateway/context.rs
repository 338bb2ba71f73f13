//! The build context through the engine: what the project is read from, and what steps copy from.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Cap, Local, Metadata, State};

use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::{BuildFile, MainContext, solve};
use crate::gateway::calls::Reference;
use crate::gateway::errors::FrontendFailure;
use crate::ignore::Patterns;
use crate::project::{Context, ContextError, Ignored, Kind, LIKELY, LOCKS, WELL_KNOWN};
use crate::spec::ContextPath;

/// The name under which clients offer the context.
const LOCAL: &str = "context";

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
    first: Option<Reference>,
    /// Later looks, by the path that was missing from the first.
    later: BTreeMap<String, Reference>,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

impl<'b> GatewayContext<'b> {
    /// The context that `file` was found with. `named` are the paths that will be asked for.
    pub fn new(bridge: &'b Bridge, file: &'b BuildFile, named: impl IntoIterator<Item = String>) -> Self {
        let probes = RefCell::new(Probes::default());
        Self {
            bridge,
            main: &file.context,
            named: named.into_iter().collect(),
            probes,
        }
    }

    /// What is left out of the context: `FILE.dockerignore`, else `.dockerignore`, else the built-in rules. Nothing is
    /// left out of a context that the client does not transfer.
    ///
    /// # Errors
    /// If the context cannot be read, or a rule is malformed.
    pub fn ignored(&self, file: &BuildFile) -> Result<Ignored, FrontendFailure> {
        if matches!(self.main, MainContext::State(_)) {
            return Ok(Ignored {
                patterns: Patterns::default(),
                file: None,
            });
        }
        let beside = file
            .ignore_file
            .clone()
            .map(|bytes| (format!("{}.dockerignore", file.source.name), bytes));
        let found = match beside {
            Some(found) => Some(found),
            None => {
                let path = ContextPath::parse(".dockerignore").unwrap_or_else(ContextPath::root);
                let bytes = self.read(&path).map_err(|error| failure_of(&error))?;
                bytes.map(|bytes| (".dockerignore".to_owned(), bytes))
            }
        };
        let Some((name, bytes)) = found else {
            return Ok(Ignored {
                patterns: Patterns::built_in(),
                file: None,
            });
        };
        let text = String::from_utf8_lossy(&bytes);
        let patterns = Patterns::parse(&text).map_err(|error| {
            let line = error.rule.line.map(|line| format!(":{line}")).unwrap_or_default();
            FrontendFailure::new(format!("{name}{line}: {error}"), &[])
        })?;
        Ok(Ignored {
            patterns,
            file: Some(name),
        })
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

    /// The result in which `path` is to be looked for.
    fn reference(&self, path: &str) -> Result<Reference, FrontendFailure> {
        if path == "." || self.is_known(path) {
            if let Some(reference) = &self.probes.borrow().first {
                return Ok(reference.clone());
            }
            let mut patterns: BTreeSet<String> = self.named.clone();
            let usual = WELL_KNOWN.iter().chain(&LIKELY).chain(&LOCKS);
            patterns.extend(usual.map(|pattern| (*pattern).to_owned()));
            let reference = self.look_for(patterns)?;
            self.probes.borrow_mut().first = Some(reference.clone());
            return Ok(reference);
        }
        let known = self.probes.borrow().later.get(path).cloned();
        if let Some(reference) = known {
            return Ok(reference);
        }
        let reference = self.look_for(BTreeSet::from([path.to_owned()]))?;
        self.probes
            .borrow_mut()
            .later
            .insert(path.to_owned(), reference.clone());
        Ok(reference)
    }

    fn is_known(&self, path: &str) -> bool {
        let likely = Patterns::from_rules(LIKELY).unwrap_or_default();
        WELL_KNOWN.contains(&path)
            || LOCKS.contains(&path)
            || self.named.contains(path)
            || likely.matches(path)
    }

    fn look_for(&self, patterns: BTreeSet<String>) -> Result<Reference, FrontendFailure> {
        let state = match self.main {
            MainContext::State(state) => state.clone(),
            MainContext::Client { session_id } => {
                let mut local = Local::new(LOCAL)
                    .session_id(session_id)
                    .shared_key_hint(format!("{LOCAL}-pybuild"))
                    .include_patterns(&patterns)
                    .meta(Metadata::named("[internal] load project files"));
                if self.bridge.llb_caps().supports(Cap::SourceLocalMetadataTransfer) {
                    // Of the app itself it is enough to know that it is there.
                    let read = patterns
                        .iter()
                        .filter(|path| !self.named.contains(*path) || is_text(path));
                    local = local.metadata_only(read);
                }
                local.state()
            }
        };
        solve(self.bridge, &state.marshal())
    }
}

/// Whether a file that the build file names is one that is read, by its name.
fn is_text(path: &str) -> bool {
    [".txt", ".toml", ".in", ".lock", ".cfg"]
        .iter()
        .any(|end| path.ends_with(end))
}

impl Context for GatewayContext<'_> {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        if let Some(known) = self.probes.borrow().files.get(path.as_str()) {
            return Ok(known.clone());
        }
        let reference = self.reference(path.as_str()).map_err(boxed)?;
        let read = self.bridge.try_read_file(&reference, path.as_str());
        let bytes = read.map_err(|error| boxed(error.into()))?;
        self.probes
            .borrow_mut()
            .files
            .insert(path.as_str().to_owned(), bytes.clone());
        Ok(bytes)
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        let reference = self.reference(path.as_str()).map_err(boxed)?;
        let found = self
            .bridge
            .stat(&reference, path.as_str())
            .map_err(|error| boxed(error.into()))?;
        Ok(found.map(|found| if found.is_dir() { Kind::Folder } else { Kind::File }))
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        // Asked only to suggest a name for one that is missing, so the price of another look is paid by mistakes alone.
        let pattern = if folder.is_root() {
            "*".to_owned()
        } else {
            format!("{}/*", folder.as_str())
        };
        let reference = self.look_for(BTreeSet::from([pattern])).map_err(boxed)?;
        let path = if folder.is_root() { "/" } else { folder.as_str() };
        let entries = self.bridge.read_dir(&reference, path, None).unwrap_or_default();
        Ok(entries.into_iter().map(|entry| entry.path).collect())
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
