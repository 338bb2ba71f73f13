//! The pip of images in which people work.

use super::environment::{COMPILE, bytecode, step};
use super::words::{Dockerfile, mount};
use crate::plan::{Access, BasePlan};

/// Adds the base image's pip to such an environment, as `python -m venv` does it.
pub(super) fn own_pip(out: &mut Dockerfile, access: &Access, base: &BasePlan) {
    let BasePlan::Environment { pip: true, groups } = base else { return };
    out.comment(
        "The base image's pip: from the wheel that Python has for environments, or the same version.",
    );
    let pip = "python3 -m pip --python /venv/bin/python install --no-compile --no-input --disable-pip-version-check \
               --root-user-action=ignore --no-deps";
    let library = "$(python3 -c 'import os; print(os.path.dirname(os.__file__))')";
    let version = "$(python3 -c 'import pip; print(pip.__version__)')";
    let mut commands = vec![vec![
        "{ test -e /venv/bin/pip".to_owned(),
        format!("|| {pip} --no-index --find-links \"{library}/ensurepip/_bundled\""),
        "--find-links /usr/share/python-wheels pip".to_owned(),
        format!("|| {pip} \"pip=={version}\"; }}"),
    ]];
    if bytecode(groups) {
        commands.push(vec![COMPILE.to_owned()]);
    }
    step(out, access, true, &[mount(&[("type", "cache"), ("target", "/root/.cache/pip")])], &commands);
}
