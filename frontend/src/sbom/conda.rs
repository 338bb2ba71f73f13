//! Conda packages in the bill of materials.

use super::{Checksum, ExternalRef, Package, purl};
use crate::plan::{CondaFrom, CondaPlan};

/// The SPDX id of a conda package. Characters that are not allowed in ids are replaced.
pub(super) fn id_of(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    format!("SPDXRef-Conda-{}", name.chars().map(plain).collect::<String>())
}

pub(super) fn package(conda: &CondaPlan) -> Package {
    let mut package = Package::new(&conda.name, id_of(&conda.name));
    package.version_info = Some(conda.version.clone());
    package.package_file_name = Some(conda.file.to_string());
    if let CondaFrom::Http(url) = &conda.from {
        package.download_location = url.to_string();
    }
    package.checksums =
        vec![Checksum { algorithm: "SHA256".to_owned(), checksum_value: conda.sha256.clone() }];
    package.primary_package_purpose = Some("LIBRARY".to_owned());
    package.external_refs = vec![ExternalRef {
        reference_category: "PACKAGE-MANAGER".to_owned(),
        reference_type: "purl".to_owned(),
        reference_locator: purl::conda(&conda.name, &conda.version, build_of(conda)),
    }];
    package
}

/// The build in `name-version-build.conda`. It is different for each file of a version.
fn build_of(conda: &CondaPlan) -> Option<&str> {
    let rest = conda.file.as_str().strip_prefix(&format!("{}-{}-", conda.name, conda.version))?;
    rest.strip_suffix(".conda").or_else(|| rest.strip_suffix(".tar.bz2"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{FileName, HttpUrl};

    #[test]
    fn a_conda_package_has_its_build_and_no_password() {
        let package = package(&CondaPlan {
            name: "_libgcc_mutex".to_owned(),
            version: "0.1".to_owned(),
            file: FileName::parse("_libgcc_mutex-0.1-main.conda").unwrap(),
            from: CondaFrom::Http(
                HttpUrl::parse("https://me:pw@host.example/linux-64/_libgcc_mutex-0.1-main.conda").unwrap(),
            ),
            sha256: "00".to_owned(),
            size: None,
            requires: Vec::new(),
            at: None,
        });
        assert_eq!(package.id, "SPDXRef-Conda--libgcc-mutex");
        assert_eq!(package.external_refs[0].reference_locator, "pkg:conda/_libgcc_mutex@0.1?build=main");
        assert_eq!(package.download_location, "https://host.example/linux-64/_libgcc_mutex-0.1-main.conda");
        assert_eq!(package.checksums[0].checksum_value, "00");
    }
}
