//! The same charts from two phones: the participant's own, and those that her dietitian's phone draws of her.

use ayumi_core::charts::{Chart, Span};
use ayumi_protocol::id::CaseId;

use super::page::ChartPictures;
use super::story::LastDates;
use super::{chart_request, pictures};
use crate::context::Context;
use crate::failure::Failure;

/// Charts in pairs: hers, and the dietitian's.
pub(super) struct CasePictures {
    pub pairs: Vec<[ChartPictures; 2]>,
    /// Whether the charts of each pair agree in every value, tick and label.
    pub are_equal: bool,
}

impl CasePictures {
    /// A month and all of the steps and of the weight, each ending with its own data.
    pub(super) fn of(
        participant: &Context,
        dietitian: &Context,
        case_id: CaseId,
        last: LastDates,
    ) -> Result<Self, Failure> {
        let mut charts: Vec<[Chart; 2]> = Vec::new();
        let steps = chart_request(participant, last.steps, Span::Month);
        charts.push([
            participant.app.step_chart(&steps)?,
            dietitian.app.case_step_chart(case_id, &steps)?,
        ]);
        for span in [Span::Month, Span::All] {
            let weight = chart_request(participant, last.weight, span);
            charts.push([
                participant.app.weight_chart(&weight)?,
                dietitian.app.case_weight_chart(case_id, &weight)?,
            ]);
        }
        let drawn = |chart: &Chart| pictures(participant, chart, false);
        Ok(Self {
            are_equal: charts.iter().all(|[hers, theirs]| hers == theirs),
            pairs: charts.iter().map(|pair| pair.each_ref().map(drawn)).collect(),
        })
    }
}
