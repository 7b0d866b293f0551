"""Report wind: one report of all that was found, in the answer, as a page and as a picture."""

import logging
import os
from datetime import date
from pathlib import Path

import report_wind_pb2
import report_wind_pb2_grpc
import wind_pb2
from plot import svg
from report import Day, Ramp, Report, Score, extremes, markdown, mean_megawatts
from serving import serve

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))
PAGE, PLOT = "wind_report.md", "wind_report.svg"

log = logging.getLogger("report_wind")


class ReportWind(report_wind_pb2_grpc.ReportWindServiceServicer):
    def WriteReport(self, requests, context) -> report_wind_pb2.WriteReportResponse:
        requests = list(requests)
        if not requests:
            return failure("no day to report on")
        days = {request.day.date: request.day for request in requests}
        report = collect(requests[0], days)
        try:
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            (DATA_DIR / PAGE).write_text(markdown(report, PLOT), encoding="utf-8")
            (DATA_DIR / PLOT).write_text(svg(report), encoding="utf-8")
        except OSError as error:
            return failure(f"cannot write {error.filename}: {error.strerror}")
        calmest, windiest = (days[day.date.isoformat()] for day in extremes(report.days))
        return report_wind_pb2.WriteReportResponse(
            success=True,
            message=f"report of {len(report.days)} days written",
            report_path=f"data/{PAGE}",
            plot_path=f"data/{PLOT}",
            days=len(report.days),
            mean_megawatts=mean_megawatts(report.days),
            calmest_day=calmest,
            windiest_day=windiest,
            ramps_up=sum(ramp.change_megawatts > 0 for ramp in report.ramps),
            ramps_down=sum(ramp.change_megawatts < 0 for ramp in report.ramps),
            scores=requests[0].scores,
            cleaning=requests[0].cleaning,
        )


def collect(first: report_wind_pb2.WriteReportRequest, days: dict[str, wind_pb2.DayMeans]) -> Report:
    return Report(
        title=first.title or "Wind generation",
        days=[
            Day(date.fromisoformat(day.date), day.mean_megawatts, day.readings) for day in days.values()
        ],
        ramps=[Ramp(ramp.start, ramp.end, ramp.change_megawatts) for ramp in first.ramps],
        scores=[
            Score(score.method, score.hours, score.mae_megawatts, score.rmse_megawatts)
            for score in first.scores
        ],
        cleaning={
            field.name: getattr(first.cleaning, field.name) for field in wind_pb2.Cleaning.DESCRIPTOR.fields
        },
    )


def failure(message: str) -> report_wind_pb2.WriteReportResponse:
    log.warning("%s", message)
    return report_wind_pb2.WriteReportResponse(success=False, message=message)


if __name__ == "__main__":
    serve(
        "report_wind",
        lambda server: report_wind_pb2_grpc.add_ReportWindServiceServicer_to_server(ReportWind(), server),
    )
