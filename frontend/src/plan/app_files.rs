//! The files of the project that a stage gets.

use super::AppFiles;
use super::parts::brought;
use super::stages::Planner;
use crate::spec::{ContextPath, ImagePath, Located, Stage};

impl Planner<'_> {
    /// The app's files for a stage; `None` if the build file asks for none.
    pub(super) fn app_files(&self, stage: &Stage, workdir: &ImagePath, whole: bool) -> Option<AppFiles> {
        // Development and tests need all files. Images that ship get the files of `[app] include`.
        let fallback = if whole { None } else { self.spec.app.include.as_ref() };
        let include = stage.include.as_ref().or(fallback);
        let files = self.files(include, workdir)?;
        Some(if stage.is_assembled() { self.with_brought(files) } else { files })
    }

    /// Adds the files that the build file copies into the project from elsewhere.
    fn with_brought(&self, files: AppFiles) -> AppFiles {
        let copies = self.spec.app.copy.iter().map(|copy| brought(copy, &files.to));
        AppFiles { brought: copies.collect(), ..files }
    }

    pub(super) fn package_files(&self) -> AppFiles {
        let to = ImagePath::constant("/src");
        let files = self.files(None, &to);
        let files = files.unwrap_or(AppFiles {
            include: Vec::new(),
            linked: Vec::new(),
            exclude: Vec::new(),
            to,
            brought: Vec::new(),
        });
        self.for_backend(self.with_brought(files))
    }

    /// The files for a build backend. A backend that asks git gets all files. For git a missing file is a
    /// change, and then the version of a tag would differ.
    pub(super) fn for_backend(&self, files: AppFiles) -> AppFiles {
        let asks = self.project.version_from_git.is_some() && self.spec.app.version.is_none();
        if asks { AppFiles { exclude: Vec::new(), ..files } } else { files }
    }

    pub(super) fn files(
        &self,
        include: Option<&Vec<Located<ContextPath>>>,
        to: &ImagePath,
    ) -> Option<AppFiles> {
        let mut chosen: Vec<_> = include.into_iter().flatten().map(|path| path.value.clone()).collect();
        if include.is_some() && chosen.is_empty() {
            return None;
        }
        chosen.sort();
        chosen.dedup();
        if chosen.iter().any(ContextPath::is_root) {
            chosen.clear();
        }
        // The build file is not a part of the image: it only says how the image is made. Without it, an edit
        // of the build file does not change the app layer.
        let file = &self.spec.source.name;
        let ours = chosen.is_empty() && !file.ends_with("pyproject.toml");
        let exclude = if ours {
            vec![file.clone(), format!("{file}.dockerignore"), ".dockerignore".to_owned()]
        } else {
            Vec::new()
        };
        let linked = chosen.iter().filter(|path| self.project.linked.contains(*path)).cloned().collect();
        Some(AppFiles { include: chosen, linked, exclude, to: to.clone(), brought: Vec::new() })
    }
}
