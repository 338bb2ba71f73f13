//! The files of the context without ignored files. If a file that the user named is missing, the problem
//! gives the reason.

use std::sync::Arc;

use super::context::{Context, ContextError, Kind, Unfit};
use crate::diagnostics::nearest;
use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::ignore::Patterns;
use crate::spec::ContextPath;

/// The ignore rules of the context, and the file that they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignored {
    /// The rules.
    pub patterns: Patterns,
    /// The file that contains the rules. `None` for the built-in rules and for contexts that are never
    /// filtered.
    pub file: Option<String>,
}

impl Ignored {
    /// The ignore rules of a context that is a folder: those of `FILE.dockerignore` (its text is `beside`),
    /// else of `.dockerignore`, else the built-in rules. `name` is the name of the build file.
    ///
    /// # Errors
    /// A message with its place, if the context cannot be read or a rule is malformed.
    pub fn of(name: &str, beside: Option<Vec<u8>>, context: &dyn Context) -> Result<Self, String> {
        let found = match beside {
            Some(bytes) => Some((format!("{name}.dockerignore"), bytes)),
            None => {
                let path = ContextPath::parse(".dockerignore").unwrap_or_else(ContextPath::root);
                let bytes = context.read(&path).map_err(|error| error.to_string())?;
                bytes.map(|bytes| (".dockerignore".to_owned(), bytes))
            }
        };
        let Some((name, bytes)) = found else {
            return Ok(Self { patterns: Patterns::built_in(), file: None });
        };
        let patterns = Patterns::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            let line = error.rule.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{name}{line}: {error}")
        })?;
        Ok(Self { patterns, file: Some(name) })
    }
}

/// A context and its ignore rules.
pub struct Files<'a> {
    /// The files themselves.
    pub context: &'a dyn Context,
    /// The ignore rules.
    pub ignored: &'a Ignored,
}

impl Files<'_> {
    /// The text of an optional file. Ignore rules do not hide it, because it configures the build.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn read_if_there(&self, path: &'static str) -> Result<Option<Arc<Source>>, ContextError> {
        ContextPath::parse(path).map_or(Ok(None), |path| self.read_any(&path))
    }

    /// Like [`Self::read_if_there`], for a path that comes from the project.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn read_any(&self, path: &ContextPath) -> Result<Option<Arc<Source>>, ContextError> {
        let Some(bytes) = self.context.read(path)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some(Arc::new(Source::new(path.as_str(), text.strip_prefix('\u{feff}').unwrap_or(&text)))))
    }

    /// Like [`Self::read_any`], for a file that must be UTF-8. Another encoding is reported, and then the
    /// file counts as empty.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn read_text(
        &self,
        path: &ContextPath,
        found: &mut Diagnostics,
    ) -> Result<Option<Arc<Source>>, ContextError> {
        let Some(bytes) = self.context.read(path)? else {
            return Ok(None);
        };
        match Source::decode(path.as_str(), &bytes) {
            Ok(source) => Ok(Some(Arc::new(source))),
            Err(problem) => {
                let source = Arc::new(Source::new(path.as_str(), String::from_utf8_lossy(&bytes)));
                found.report(&source, source.line_span(1), problem);
                Ok(Some(Arc::new(Source::new(path.as_str(), ""))))
            }
        }
    }

    /// Whether a path exists. The path may lead out of the context, or to a place that cannot be read.
    pub fn exists(&self, path: &str) -> bool {
        let kind = ContextPath::parse(path).and_then(|path| self.context.kind(&path).ok().flatten());
        kind.is_some()
    }

    /// The first of `names` that is a file and is not ignored.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn first_of(&self, names: &[&str]) -> Result<Option<ContextPath>, ContextError> {
        for name in names {
            let Some(path) = ContextPath::parse(name) else {
                continue;
            };
            // A pipe instead of a file is reported when it is read.
            let is_there = matches!(self.context.kind(&path)?, Some(Kind::File | Kind::Other));
            if is_there && !self.ignored.patterns.matches(name) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// The content of a file. `None` if it does not exist or cannot be used. The caller that named the file
    /// reports the reason.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn read_fit(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        match self.context.read(path) {
            Err(error) if error.0.downcast_ref::<Unfit>().is_some() => Ok(None),
            read => read,
        }
    }

    /// The content of a file that the user named at `span`. Problems of the file are reported.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn read_named(
        &self,
        path: &ContextPath,
        named_in: &Arc<Source>,
        span: Span,
        found: &mut Diagnostics,
    ) -> Result<Option<Vec<u8>>, ContextError> {
        match self.check_named(path, named_in, span, found)? {
            Some(Kind::File) => match self.context.read(path) {
                Err(error) => match error.0.downcast_ref::<Unfit>() {
                    Some(unfit) => {
                        found.report(named_in, span, Problem::Unfit { message: unfit.to_string() });
                        Ok(None)
                    }
                    None => Err(error),
                },
                read => read,
            },
            Some(Kind::Other) => {
                let message = Unfit::NotRegular { path: path.clone() }.to_string();
                found.report(named_in, span, Problem::Unfit { message });
                Ok(None)
            }
            Some(Kind::Folder) => {
                found.report(named_in, span, Problem::NotAFile { path: path.as_str().to_owned() });
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// The kind of a path that the user named at `span`. A missing or ignored path is reported.
    ///
    /// # Errors
    /// If the context cannot be read.
    pub fn check_named(
        &self,
        path: &ContextPath,
        named_in: &Arc<Source>,
        span: Span,
        found: &mut Diagnostics,
    ) -> Result<Option<Kind>, ContextError> {
        if path.is_root() {
            return Ok(Some(Kind::Folder));
        }
        let Some(kind) = self.context.kind(path)? else {
            if found.is_full() {
                let missing = || Problem::MissingFile { path: path.as_str().to_owned(), suggestion: None };
                found.report_with(named_in, span, missing);
                return Ok(None);
            }
            let (folder, name) = path.as_str().rsplit_once('/').unwrap_or((".", path.as_str()));
            let folder = ContextPath::parse(folder).unwrap_or_else(ContextPath::root);
            let names = self.context.list(&folder)?;
            let suggestion = nearest(name, names.iter().map(String::as_str));
            let suggestion =
                suggestion.and_then(|name| ContextPath::parse(&format!("{}/{name}", folder.as_str())));
            let suggestion = suggestion.map(|path| path.as_str().to_owned());
            found.report(named_in, span, Problem::MissingFile { path: path.as_str().to_owned(), suggestion });
            return Ok(None);
        };
        // In a build, a link is broken if its target is ignored.
        let target = self.context.follow(path)?.unwrap_or_else(|| path.clone());
        let hidden = [path, &target]
            .into_iter()
            .find_map(|path| self.ignored.patterns.excluding_rule(path.as_str()).map(|rule| (path, rule)));
        if let Some((path, rule)) = hidden {
            let ignore_file = self.ignored.file.clone();
            let (path, rule) = (path.as_str().to_owned(), rule.text.clone());
            found.report(named_in, span, Problem::IgnoredFile { path, rule, ignore_file });
            return Ok(None);
        }
        Ok(Some(kind))
    }
}
