//! The real measurements that the demonstration shows, and what must be said about them.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where the repository keeps them.
const FOLDER: &str = "tests/data";
const STEPS: &str = "fitabase/minuteStepsWide_merged.csv";
const WEIGHTS: &str = "trendweight/readings.csv";
const WEIGHTS_LICENCE: &str = "trendweight/LICENSE";

/// The person of the Fitabase table: thirty days, about half of them above the example goal.
pub(super) const PERSON: &str = "4558609924";

/// Said wherever the step data or a picture of them is shown. Source: tests/data/README.md.
pub(super) const STEPS_ORIGIN: &str = "Steps: R. Furberg, J. Brinton, M. Keating, A. Ortiz: Crowd-sourced Fitbit datasets \
    03.12.2016-05.12.2016, Zenodo, record 53894 (doi 10.5281/zenodo.53894), CC BY 4.0 \
    (creativecommons.org/licenses/by/4.0); re-published on Kaggle as arashnic/fitbit (FitBit Fitness Tracker Data, Mobius), CC0 1.0.";
/// Said wherever the weight data or a picture of them is shown; the licence text goes with it.
pub(super) const WEIGHTS_ORIGIN: &str = "Weight: demonstration data of TrendWeight, github.com/trendweight/trendweight, \
    copyright (c) 2020 Erv Walter, MIT licence.";

/// The files of the demonstration.
pub(super) struct Measurements {
    pub steps: PathBuf,
    pub weights: PathBuf,
    /// Text of the licence that the weight data carry with them.
    pub weights_licence: String,
    /// The repository they were found in, if they were searched for.
    pub repository: Option<PathBuf>,
}

impl Measurements {
    /// The files in the folder named, else in the repository that the present folder or this program lies in.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(folder) = named {
            return Self::in_folder(folder, None);
        }
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(Path::parent);
        let repository = repository_above(Path::new(""))
            .or_else(|| program.and_then(repository_above))
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "the measurements of the demonstration are not here: run it inside the repository, \
                     or name its folder {FOLDER} with --measurements"
                ))
            })?;
        Self::in_folder(&repository.join(FOLDER), Some(repository.clone()))
    }

    fn in_folder(folder: &Path, repository: Option<PathBuf>) -> Result<Self, Failure> {
        let file = |name: &str| {
            let file = folder.join(name);
            match std::fs::metadata(&file) {
                Ok(_) => Ok(file),
                Err(error) => Err(Failure::file(&file, &error)),
            }
        };
        let licence = file(WEIGHTS_LICENCE)?;
        Ok(Self {
            steps: file(STEPS)?,
            weights: file(WEIGHTS)?,
            weights_licence: std::fs::read_to_string(&licence)
                .map_err(|error| Failure::file(&licence, &error))?,
            repository,
        })
    }
}

/// The nearest folder at or above `start` that has the measurements; relative as long as `start` is.
fn repository_above(start: &Path) -> Option<PathBuf> {
    let has_them = |folder: &Path| folder.join(FOLDER).join(STEPS).is_file();
    if has_them(start) {
        return Some(start.to_owned());
    }
    // A relative path has no parents to walk up.
    let absolute = std::path::absolute(start).ok()?;
    absolute
        .ancestors()
        .find(|folder| has_them(folder))
        .map(Path::to_owned)
}
