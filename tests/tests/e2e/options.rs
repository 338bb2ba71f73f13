//! Options of the build that every step gets, as the steps see them.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Outcome, Project, Result};

use crate::small;

/// A project whose only step writes down what it sees.
fn curious() -> Result<Project> {
    small::project(&format!(
        "[stage.production]\nrun = [\"\"\"\ncat /etc/hosts > /opt/hosts\nulimit -n > /opt/files\n\
         df -k /dev/shm | awk 'NR==2 {{ print $2 }}' > /opt/shm\nhostname > /opt/hostname\n\
         echo \"$http_proxy $HTTPS_PROXY\" > /opt/proxy\nls /sys/class/net > /opt/network\n# {}\"\"\"]\n",
        nonce()
    ))
}

fn seen(outcome: &Outcome, name: &str) -> Result<String> {
    outcome.image()?.prints(&["cat", &format!("/opt/{name}")])
}

#[test]
fn hosts_limits_proxies_labels_and_the_network_reach_the_steps() -> Result {
    let project = curious()?;
    let build = |proxy: &str| {
        Build::of(&project)
            .option("--add-host", "db.example:10.0.0.7")
            .option("--shm-size", "32m")
            .option("--ulimit", "nofile=321:321")
            .option("--network", "none")
            .option("--label", "org.example.from=client")
            .arg("BUILDKIT_SANDBOX_HOSTNAME", "sandbox")
            .arg("http_proxy", proxy)
            .arg("HTTPS_PROXY", "http://secure.example")
            .load()
    };
    let outcome = build("http://proxy.example").succeed()?;
    assert!(seen(&outcome, "hosts")?.contains("10.0.0.7\tdb.example"), "{}", seen(&outcome, "hosts")?);
    assert_eq!(seen(&outcome, "files")?, "321");
    assert_eq!(seen(&outcome, "shm")?, "32768");
    assert_eq!(seen(&outcome, "hostname")?, "sandbox");
    assert_eq!(seen(&outcome, "proxy")?, "http://proxy.example http://secure.example");
    assert_eq!(seen(&outcome, "network")?, "lo");
    let image = outcome.image()?;
    assert_eq!(image.config()?["Labels"]["org.example.from"], "client");
    let inspected = image.inspect()?.to_string() + &image.history()?.concat();
    assert!(!inspected.contains("proxy.example"), "a proxy is in the image: {inspected}");

    let other = build("http://other.example").succeed()?;
    assert!(!other.ran("run: ")?, "another proxy ran the step again\n{}", other.transcript());
    Ok(())
}

#[test]
fn steps_of_one_stage_can_be_run_again() -> Result {
    let project = curious()?;
    Build::of(&project).succeed()?;
    let filtered = |stage: &str| Build::of(&project).option("--no-cache-filter", stage).succeed();
    assert!(!filtered("test")?.ran("run: ")?);
    assert!(filtered("Production")?.ran("run: ")?);
    Ok(())
}
