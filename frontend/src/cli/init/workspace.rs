//! Workspaces of uv. An image is made from one member, so `init` has to choose a member.

use std::path::Path;

use super::code::modules;
use super::draft::Draft;
use super::look::scripts;
use super::runs::Scene;
use crate::cli::folder::text_below;
use crate::project::Ignored;

/// A member, as the lock of the workspace names it.
pub(super) struct Member {
    pub(super) name: String,
    /// The folder of the member.
    pub(super) path: String,
}

/// The members that have their own folder.
pub(super) fn members(lock: &str) -> Vec<Member> {
    let (document, _) = toml::de::DeTable::parse_recoverable(lock);
    let packages = document.get_ref().get("package").and_then(|value| value.get_ref().as_array());
    let member = |value: &toml::Spanned<toml::de::DeValue<'_>>| {
        let table = value.get_ref().as_table()?;
        let source = table.get("source")?.get_ref().as_table()?;
        let path = source.get("editable").or(source.get("virtual"))?.get_ref().as_str()?;
        let name = table.get("name")?.get_ref().as_str()?;
        (path != ".").then(|| Member { name: name.to_owned(), path: path.to_owned() })
    };
    packages.into_iter().flat_map(|packages| packages.iter()).filter_map(member).collect()
}

/// Chooses a member that can be run and describes it. A member with a server comes first. `whole` is the
/// workspace.
pub(super) fn choose(
    members: &[Member],
    folder: &Path,
    ignored: &Ignored,
    whole: &Scene,
    draft: &mut Draft,
) -> Option<String> {
    let mut found = Vec::new();
    for member in members {
        let place = folder.join(&member.path);
        let manifest = text_below(&place, "pyproject.toml");
        let is_package = manifest.contains("[build-system]");
        let scene = Scene {
            packages: whole.packages.clone(),
            modules: modules(&place, ignored, &[]),
            scripts: scripts(Some(&manifest)),
            name: Some(member.name.clone()),
            is_package,
            processes: Vec::new(),
            has_fastapi_server: whole.has_fastapi_server,
        };
        let mut own = draft.clone();
        let Some(what) = scene.command(&mut own) else { continue };
        // Without installation, the files of the member have the same place in the image as in the workspace.
        if !is_package {
            let root = own.python_path.as_deref().unwrap_or("/app").trim_start_matches("/app");
            own.python_path = Some(format!("/app/{}{root}", member.path));
        }
        own.app.member = Some(member.name.clone());
        // A library may have a module that can be run, but the library is not the program to deploy.
        let rank = (own.production.expose.is_empty(), scene.scripts.is_empty());
        found.push((rank, what, own));
    }
    found.sort_by_key(|(rank, ..)| *rank);
    let runnable = found.iter().filter(|(rank, ..)| !(rank.0 && rank.1)).count();
    let (_, what, own) = found.into_iter().next()?;
    let member = own.app.member.clone().unwrap_or_default();
    *draft = own;
    let others = if runnable > 1 { " (others by build files of their own)" } else { "" };
    Some(format!("{what}, member `{member}` of a workspace{others}"))
}
