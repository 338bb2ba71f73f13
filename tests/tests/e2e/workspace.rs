//! Tests `examples/workspace` against its README.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Project, Result};
use serde_json::json;

#[test]
fn each_image_has_its_own_application_and_the_library() -> Result {
    let project = Project::example("workspace")?;
    let shop = Build::of(&project).file("shop.toml").load().succeed()?;
    let report = Build::of(&project).file("report.toml").load().succeed()?;

    let container = Container::start(shop.image()?, 8000)?;
    assert_eq!(container.get(8000, "/")?.json()?, json!({ "tea": "3.50", "cake": "12.25" }));
    let sum = report.image()?.prints(&["sh", "-c", "printf '350\\n1225\\n' | report"])?;
    assert_eq!(sum, "sold: 15.75");
    for (image, own, other) in [(shop.image()?, "shop", "report"), (report.image()?, "report", "shop")] {
        let files = image.files()?;
        let has =
            |name: &str| files.contains(&format!("venv/lib/python3.13/site-packages/{name}/__init__.py"));
        assert!(has(own) && has("money") && !has(other), "{own}");
        assert!(
            !files.iter().any(|path| path.starts_with("app/") && path != "app/"),
            "sources are in the image of {own}"
        );
    }
    // The library was built for the first image; the second one takes it as it is.
    assert!(!report.ran("build: money")?, "{}", report.transcript());
    Ok(())
}

#[test]
fn a_change_of_one_application_leaves_the_other_as_it_is() -> Result {
    let project = Project::example("workspace")?;
    Build::of(&project).file("shop.toml").succeed()?;
    project.append("apps/report/src/report/__init__.py", &format!("# {}\n", nonce()))?;
    let shop = Build::of(&project).file("shop.toml").succeed()?;
    let report = Build::of(&project).file("report.toml").succeed()?;
    assert!(!shop.ran("build: shop")? && !shop.ran("unpack: ")?, "{}", shop.transcript());
    assert!(report.ran("build: report")? && !report.ran("build: money")?, "{}", report.transcript());
    Ok(())
}
