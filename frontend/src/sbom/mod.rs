//! The bill of materials of an image: an SPDX document with the packages that a plan installs.
//!
//! [`document`] has the data that the lock knows before the build: names, versions, addresses, hashes and
//! dependencies. [`complete`] adds the data that only the installed packages have: licences, versions of
//! built packages, and packages that are not in a lock. Both do no input or output, and the same input gives
//! the same bytes.

mod complete;
mod conda;
mod licence;
mod purl;
mod spdx;
#[cfg(test)]
mod tests;

pub use complete::{Distribution, complete};
pub use spdx::{
    Checksum, CreationInfo, DOCUMENT, Document, ExternalRef, ExtractedLicence, NO_ASSERTION, Package,
    Relationship,
};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::epoch::rfc3339;
use crate::pep508::Name;
use crate::plan::{
    Action, BasePlan, BuildFrom, CondaPlan, CondaSet, CopyPlan, CopySource, Groups, Plan, StagePlan, VENV,
    WheelFrom, WheelPlan, WheelSet,
};

/// The id of the application in the document.
const APPLICATION: &str = "SPDXRef-Application";

/// The document for the image of the target. `epoch` is the time in the document, in seconds since 1970. Its
/// default is 1970, so the document changes only with its content. `is_given` tells for a stage whether a
/// named context replaces it. Such a stage is not built, and its content is unknown.
pub fn document(plan: &Plan, epoch: Option<i64>, is_given: &dyn Fn(&str) -> bool) -> Document {
    let mut environments = Environments { plan, is_given, seen: BTreeSet::new(), found: Vec::new() };
    environments.visit(&plan.target);
    let mut wheels: BTreeMap<&str, &WheelPlan> = BTreeMap::new();
    for wheel in environments.found.iter().flat_map(|groups| &groups.wheels).flat_map(WheelSet::layers) {
        for wheel in &wheel.wheels {
            // The same package in two environments is the same wheel. It counts as requested if one
            // environment requests it.
            let known = wheels.entry(&wheel.name).or_insert(wheel);
            if wheel.requested {
                *known = wheel;
            }
        }
    }
    let application = application(plan);
    let mut relationships = vec![Relationship::new(DOCUMENT, "DESCRIBES", APPLICATION)];
    let mut packages = vec![application];
    for wheel in wheels.values() {
        packages.push(package(wheel));
        if wheel.requested {
            relationships.push(Relationship::new(APPLICATION, "DEPENDS_ON", id_of(&wheel.name)));
        }
        let needed = wheel.requires.iter().filter(|name| wheels.contains_key(name.as_str()));
        relationships
            .extend(needed.map(|name| Relationship::new(id_of(&wheel.name), "DEPENDS_ON", id_of(name))));
    }
    let sets = environments.found.iter().flat_map(|groups| &groups.wheels);
    let layers = sets.flat_map(|set| &set.conda).flat_map(CondaSet::layers);
    let of_conda: BTreeMap<&str, &CondaPlan> =
        layers.flat_map(|layer| &layer.packages).map(|package| (package.name.as_str(), package)).collect();
    packages.extend(of_conda.values().map(|package| conda::package(package)));
    // Some lock formats have no dependencies. The application gets the packages that no other package
    // requires.
    let asked: BTreeSet<String> =
        relationships.iter().map(|one: &Relationship| one.related_spdx_element.clone()).collect();
    let orphans = packages.iter().skip(1).map(|package| package.id.clone());
    let orphans = orphans.filter(|id| !asked.contains(id));
    relationships.extend(orphans.map(|id| Relationship::new(APPLICATION, "DEPENDS_ON", id)));
    let name = packages.first().map(|application| application.name.clone()).unwrap_or_default();
    let mut document = Document {
        spdx_version: "SPDX-2.3".to_owned(),
        data_license: "CC0-1.0".to_owned(),
        id: DOCUMENT.to_owned(),
        name,
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: rfc3339(epoch.unwrap_or(0)).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()),
            creators: vec![format!("Tool: pybuild-{}", env!("CARGO_PKG_VERSION"))],
        },
        packages,
        relationships,
        has_extracted_licensing_infos: Vec::new(),
    };
    document.settle();
    document
}

impl Document {
    /// Sorts all parts, and names the document after its content.
    fn settle(&mut self) {
        // The application comes first. The other packages are sorted by id.
        self.packages.sort_by(|a, b| (a.id != APPLICATION, &a.id).cmp(&(b.id != APPLICATION, &b.id)));
        self.relationships.sort_by(|a, b| {
            let key = |one: &Relationship| (one.spdx_element_id != DOCUMENT, one.clone());
            key(a).cmp(&key(b))
        });
        self.relationships.dedup();
        self.has_extracted_licensing_infos.sort();
        self.document_namespace.clear();
        let digest = Sha256::digest(self.to_json().as_bytes());
        let mut namespace = "https://spdx.org/spdxdocs/pybuild-".to_owned();
        for byte in digest {
            // A write to a string cannot fail.
            let _ = write!(namespace, "{byte:02x}");
        }
        self.document_namespace = namespace;
    }

    /// The document as JSON text.
    pub fn to_json(&self) -> String {
        // Structs of strings can always be serialized.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }
}

/// The SPDX id of a Python package. A normalized name has only allowed characters.
fn id_of(name: &str) -> String {
    format!("SPDXRef-Python-{name}")
}

/// The project itself, with its metadata.
fn application(plan: &Plan) -> Package {
    let label = |key: &str| {
        let labels = plan.stage(&plan.target).map(|stage| &stage.image.labels)?;
        labels.get(&format!("org.opencontainers.image.{key}")).cloned()
    };
    let mut application = Package::new(label("title").unwrap_or_else(|| plan.target.clone()), APPLICATION);
    application.version_info = label("version");
    if let Some(expression) = label("licenses").filter(|text| licence::is_expression(text)) {
        application.license_declared = expression;
    }
    application.primary_package_purpose = Some("APPLICATION".to_owned());
    application
}

fn package(wheel: &WheelPlan) -> Package {
    let mut package = Package::new(&wheel.name, id_of(&wheel.name));
    package.version_info.clone_from(&wheel.version);
    package.primary_package_purpose = Some("LIBRARY".to_owned());
    let mut repository = None;
    let mut hash = None;
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match &wheel.from {
        WheelFrom::Http { url, hash: of_file, file, .. } => {
            package.download_location = url.to_string();
            package.package_file_name = Some(file.to_string());
            hash = Some(of_file);
        }
        WheelFrom::Context { path, hash: of_file } => {
            package.package_file_name = Some(last(path));
            hash = of_file.as_ref();
        }
        WheelFrom::Built(BuildFrom::Sdist { url, hash: of_file, file }) => {
            package.download_location = url.to_string();
            package.package_file_name = Some(file.to_string());
            package.source_info = Some("built from a source archive".to_owned());
            hash = of_file.as_ref();
        }
        WheelFrom::Built(BuildFrom::Git { url, commit, subdirectory }) => {
            let location = format!("{}@{commit}", repository_of(url.as_str()));
            let folder = subdirectory.as_ref().map(|folder| format!("#{folder}")).unwrap_or_default();
            package.download_location = format!("{location}{folder}");
            package.source_info = Some("built from a repository".to_owned());
            repository = Some(location);
        }
        WheelFrom::Built(BuildFrom::Context { path, .. }) => {
            package.source_info = Some(format!("built from {path} of the build context"));
        }
    }
    if let Some(digest) = hash {
        package.checksums = vec![Checksum {
            algorithm: digest.algorithm.to_ascii_uppercase(),
            checksum_value: digest.digest.clone(),
        }];
    }
    package.external_refs = vec![purl_of(&wheel.name, wheel.version.as_deref(), repository.as_deref())];
    package
}

fn purl_of(name: &str, version: Option<&str>, repository: Option<&str>) -> ExternalRef {
    ExternalRef {
        reference_category: "PACKAGE-MANAGER".to_owned(),
        reference_type: "purl".to_owned(),
        reference_locator: purl::of(name, version, repository),
    }
}

/// The address of a repository in the form of SPDX: `git+https://host/path`, `git+ssh://git@host/path`.
fn repository_of(url: &str) -> String {
    let url = without_credentials(url);
    match url.split_once("://") {
        Some(_) => format!("git+{url}"),
        None => format!("git+ssh://{}", url.replacen(':', "/", 1)),
    }
}

/// An address without user and password, because the document is distributed with the image.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // The user of an SSH address is part of the address. A password is not.
    let host = match authority.rsplit_once('@') {
        Some((user, host)) if scheme.ends_with("ssh") => {
            format!("{}@{host}", user.split(':').next().unwrap_or_default())
        }
        Some((_, host)) => host.to_owned(),
        None => authority.to_owned(),
    };
    format!("{scheme}://{host}{path}")
}

/// The normalized form of a name, or the name itself if it is invalid.
fn normal(name: &str) -> String {
    Name::new(name).map_or_else(|_| name.to_owned(), |name| name.as_str().to_owned())
}

/// Finds the environments in the image of a stage.
struct Environments<'p> {
    plan: &'p Plan,
    is_given: &'p dyn Fn(&str) -> bool,
    seen: BTreeSet<&'p str>,
    found: Vec<&'p Groups>,
}

impl<'p> Environments<'p> {
    fn visit(&mut self, name: &str) {
        let Some(stage) = self.plan.stage(name) else { return };
        if (self.is_given)(name) || !self.seen.insert(&stage.name) {
            return;
        }
        self.look_at(stage);
    }

    fn look_at(&mut self, stage: &'p StagePlan) {
        match &stage.base {
            BasePlan::Environment { groups, .. } => self.found.push(groups),
            BasePlan::Stage(name) => self.visit(name),
            BasePlan::Scratch | BasePlan::Image(_) | BasePlan::Dockerfile(_) => {}
        }
        for step in &stage.steps {
            match &step.action {
                Action::Environment(groups) | Action::Install(groups) | Action::Project { groups, .. } => {
                    self.found.push(groups);
                }
                Action::Copy(CopyPlan { from, path, .. }) if has_environment(path) => match from {
                    CopySource::Builder => {
                        self.found.extend(self.plan.builder.iter().map(|builder| &builder.environment));
                    }
                    CopySource::Stage(name) => self.visit(name),
                    CopySource::Context
                    | CopySource::Image(_)
                    | CopySource::Dockerfile(_)
                    | CopySource::Download(_)
                    | CopySource::Git(_) => {}
                },
                _ => {}
            }
        }
    }
}

/// Whether a copy of this path also copies packages.
fn has_environment(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.is_empty() || path == VENV || path.starts_with(&format!("{VENV}/lib"))
}
