//! Checks whether a fetched file can be trusted: whether a hash covers it, and whether its URL contains
//! credentials.

use crate::diagnostics::Problem;
use crate::plan::{Access, BuildFrom, WheelFrom, WheelPlan};
use crate::project::normalized;
use crate::spec::Spec;

/// The problems of a package before it is fetched. An error prevents the fetch.
pub(super) fn doubts(wheel: &WheelPlan, spec: &Spec) -> Vec<Problem> {
    unverified(wheel, spec).into_iter().chain(credentials(wheel, spec)).collect()
}

/// A file without a hash. The build file must allow it by the package's name.
fn unverified(wheel: &WheelPlan, spec: &Spec) -> Option<Problem> {
    let WheelFrom::Built(BuildFrom::Sdist { hash: None, url, file }) = &wheel.from else { return None };
    let (package, file) = (wheel.label(), file.to_string());
    let mut allowed = spec.dependencies.allow_unverified.iter();
    Some(if allowed.any(|name| normalized(&name.value) == wheel.name) {
        Problem::UnverifiedAllowed { package, file, is_plain: url.as_str().starts_with("http:") }
    } else {
        Problem::Unverified { package, file, name: wheel.name.clone() }
    })
}

/// Credentials in a URL. Operations never contain them; a secret of the build file can replace them.
fn credentials(wheel: &WheelPlan, spec: &Spec) -> Option<Problem> {
    let package = wheel.label();
    match &wheel.from {
        WheelFrom::Http { url, .. } | WheelFrom::Built(BuildFrom::Sdist { url, .. }) => {
            let is_given = Access::of(spec).auth_for(url).is_some();
            let address = url.to_string();
            (url.had_credentials() && !is_given).then_some(Problem::CredentialsInAddress {
                package,
                address,
                is_git: false,
            })
        }
        WheelFrom::Built(BuildFrom::Git { url, .. }) => {
            let address = url.to_string();
            url.had_credentials().then_some(Problem::CredentialsInAddress { package, address, is_git: true })
        }
        WheelFrom::Context { .. } | WheelFrom::Built(BuildFrom::Context { .. }) => None,
    }
}
