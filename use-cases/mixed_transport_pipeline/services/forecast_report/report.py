"""The report as a page in Markdown."""

WIDTH = 40


def markdown(request) -> str:
    most = max((hour.high for hour in request.forecast), default=0.0) or 1.0
    lines = [
        f"# {request.title}",
        "",
        f"{request.hours} hours from {request.forecast[0].time}: {request.mean_megawatts:.0f} MW in the mean, "
        f"most at {request.peak_at} with {request.peak_megawatts:.0f} MW. "
        f"A ramp comes with a probability of {request.ramp_probability:.0%}; "
        f"{len(request.ramps)} were found in the measurements.",
        "",
        "| hour | low | expected | high | |",
        "|---|---|---|---|---|",
    ]
    for hour in request.forecast:
        bar = "█" * round(WIDTH * hour.expected / most)
        lines.append(f"| {hour.time} | {hour.low:.0f} | {hour.expected:.0f} | {hour.high:.0f} | {bar} |")
    lines += ["", "| ramp from | to | MW |", "|---|---|---|"]
    lines += [f"| {ramp.begin} | {ramp.end} | {ramp.change_megawatts:+.0f} |" for ramp in request.ramps]
    return "\n".join(lines) + "\n"
