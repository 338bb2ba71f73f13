//! The base that contains the project's Python.

use super::BasePlan;
use crate::reference::ImageReference;
use crate::spec::{Base, DockerfileTarget};

/// The base that contains the project's Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PythonBase {
    /// An image.
    Image(ImageReference),
    /// A stage of the file.
    Stage(String),
    /// A target of a Dockerfile.
    Dockerfile(DockerfileTarget),
}

impl PythonBase {
    /// The base that the file names; `None` for a base without Python, which is reported when the file is
    /// read.
    pub(super) fn of(base: &Base) -> Option<Self> {
        match base {
            Base::Image(image) => Some(Self::Image(image.clone())),
            Base::Stage(name) => Some(Self::Stage(name.clone())),
            Base::Dockerfile(target) => Some(Self::Dockerfile(target.as_ref().clone())),
            Base::Scratch | Base::Unknown(_) => None,
        }
    }

    /// The image, if the base is an image.
    pub fn image(&self) -> Option<&ImageReference> {
        match self {
            Self::Image(image) => Some(image),
            Self::Stage(_) | Self::Dockerfile(_) => None,
        }
    }

    /// The name of the base in messages.
    pub fn title(&self) -> String {
        match self {
            Self::Image(image) => image.familiar(),
            Self::Stage(name) => name.clone(),
            Self::Dockerfile(target) => target.title(),
        }
    }

    /// The base of a stage that is made on it.
    pub fn plan(&self) -> BasePlan {
        match self {
            Self::Image(image) => BasePlan::Image(image.clone()),
            Self::Stage(name) => BasePlan::Stage(name.clone()),
            Self::Dockerfile(target) => BasePlan::Dockerfile(target.clone()),
        }
    }
}
