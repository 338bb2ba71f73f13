//! Completes a bill of materials with data that only the installed packages have.

use std::collections::BTreeMap;

use super::licence::{Declared, declared};
use super::spdx::STARTUP;
use super::{
    APPLICATION, Document, ExtractedLicence, NO_ASSERTION, Package, Relationship, conda, id_of, normal,
    purl_of,
};
use crate::pep508::{Active, Environment, Name, Requirement};

/// An installed package: its `METADATA` (core metadata of a distribution).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    name: String,
    version: String,
    expression: Option<String>,
    licence: Option<String>,
    classifiers: Vec<String>,
    requires: Vec<String>,
    /// Files that Python runs at every start.
    startup: Vec<String>,
}

impl Distribution {
    /// Adds the files that Python runs at every start. The paths are relative to `site-packages`.
    #[must_use]
    pub fn with_startup(mut self, mut files: Vec<String>) -> Self {
        files.sort();
        self.startup = files;
        self
    }

    /// Parses a `METADATA` file. `None` if the file has no package name.
    pub fn parse(metadata: &str) -> Option<Self> {
        let mut found = Self::default();
        for (key, value) in headers(metadata) {
            let place = match key.to_ascii_lowercase().as_str() {
                "name" => &mut found.name,
                "version" => &mut found.version,
                "license-expression" => found.expression.get_or_insert_default(),
                "license" => found.licence.get_or_insert_default(),
                "classifier" => {
                    found.classifiers.push(value);
                    continue;
                }
                "requires-dist" => {
                    found.requires.push(value);
                    continue;
                }
                _ => continue,
            };
            if place.is_empty() {
                *place = value;
            }
        }
        (!found.name.is_empty()).then_some(found)
    }

    /// The packages that this package requires on the target, without its extras.
    fn requires(&self, environment: &Environment) -> impl Iterator<Item = Name> {
        let nothing = Active::default();
        let requirements = self.requires.iter().filter_map(|text| Requirement::parse(text).ok());
        let holds = move |requirement: &Requirement| {
            requirement.marker.as_ref().is_none_or(|marker| marker.holds(environment, &nothing))
        };
        requirements.filter(holds).map(|requirement| requirement.name)
    }
}

/// The fields of core metadata. The format is that of email headers: a line that begins with a space
/// continues the field.
fn headers(text: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                // Tools write a mark at the start of each continued line, so that no line looks empty.
                let more = line.strip_prefix("       |").unwrap_or_else(|| line.trim_start());
                value.extend(["\n", more]);
            }
        } else if let Some((key, value)) = line.split_once(':') {
            fields.push((key, value.trim().to_owned()));
        }
    }
    fields
}

/// Adds the data of the installed packages to a document: licences, unknown versions, dependencies, and
/// packages that the document does not have.
pub fn complete(document: &mut Document, installed: &[Distribution], environment: &Environment) {
    let installed: BTreeMap<String, &Distribution> =
        installed.iter().map(|distribution| (normal(&distribution.name), distribution)).collect();
    let application = document.packages.iter().find(|package| package.id == APPLICATION);
    let application = application.map(|package| normal(&package.name)).unwrap_or_default();
    let id = |name: &str| if name == application { APPLICATION.to_owned() } else { id_of(name) };
    for (name, distribution) in &installed {
        // Packages that conda has installed have this metadata too. They are not added a second time.
        let ids = [id(name), conda::id_of(name)];
        let place = document.packages.iter().position(|package| ids.contains(&package.id));
        let place = place.unwrap_or_else(|| {
            document.packages.push(Package {
                primary_package_purpose: Some("LIBRARY".to_owned()),
                external_refs: vec![purl_of(name, Some(&distribution.version), None)],
                ..Package::new(name, id(name))
            });
            // It is not known which package requires this one, so the application is taken.
            document.relationships.push(Relationship::new(APPLICATION, "DEPENDS_ON", id(name)));
            document.packages.len() - 1
        });
        let mut extracted = None;
        if let Some(package) = document.packages.get_mut(place) {
            extracted = describe(package, name, distribution);
        }
        document.has_extracted_licensing_infos.extend(extracted);
        let needed = distribution.requires(environment).map(|needed| needed.as_str().to_owned());
        let needed = needed.filter(|needed| needed != name && installed.contains_key(needed));
        let known = |name: &str| {
            let of_conda = conda::id_of(name);
            let is_conda = document.packages.iter().any(|package| package.id == of_conda);
            if is_conda { of_conda } else { id(name) }
        };
        let found: Vec<_> =
            needed.map(|needed| Relationship::new(known(name), "DEPENDS_ON", known(&needed))).collect();
        document.relationships.extend(found);
    }
    document.settle();
}

/// Adds the data of a distribution to `package`. Returns the text of a licence without an SPDX name.
fn describe(package: &mut Package, name: &str, distribution: &Distribution) -> Option<ExtractedLicence> {
    if !distribution.startup.is_empty() {
        package.comment = Some(format!("{STARTUP}{}", distribution.startup.join(", ")));
    }
    if package.version_info.is_none() && !distribution.version.is_empty() {
        package.version_info = Some(distribution.version.clone());
        if let Some(purl) = package.external_refs.first_mut() {
            let repository = purl.reference_locator.split_once('?').map(|(_, rest)| format!("?{rest}"));
            let plain = purl_of(name, Some(&distribution.version), None).reference_locator;
            purl.reference_locator = plain + &repository.unwrap_or_default();
        }
    }
    if package.license_declared != NO_ASSERTION {
        return None;
    }
    let licence = declared(
        distribution.expression.as_deref(),
        distribution.licence.as_deref(),
        &distribution.classifiers,
    );
    match licence {
        Declared::Expression(expression) => {
            package.license_declared = expression;
            None
        }
        Declared::Text(text) => {
            let id = format!("LicenseRef-{name}");
            package.license_declared.clone_from(&id);
            let title = text.lines().next().unwrap_or_default().trim().to_owned();
            Some(ExtractedLicence { license_id: id, name: title, extracted_text: text })
        }
        Declared::Nothing => None,
    }
}
