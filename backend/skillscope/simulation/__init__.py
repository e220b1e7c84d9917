"""Simulated students: what they say, what they do, and what raters think of it."""

from skillscope.simulation.plan import ResponsePlan, ResponseSpec
from skillscope.simulation.raters import noise_ceiling, rate_students
from skillscope.simulation.responses import render_response
from skillscope.simulation.scenarios import Scenario, load_scenarios
from skillscope.simulation.students import SimulatedStudent, draw_student, draw_student_free
from skillscope.simulation.telemetry import simulate_sessions

__all__ = [
    "ResponsePlan",
    "ResponseSpec",
    "Scenario",
    "SimulatedStudent",
    "draw_student",
    "draw_student_free",
    "load_scenarios",
    "noise_ceiling",
    "rate_students",
    "render_response",
    "simulate_sessions",
]
