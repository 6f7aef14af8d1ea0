"""Parses `vllm serve` command lines with vLLM's own parser.

Reads a JSON list of argument lists on stdin, writes a JSON list with null or an error text for each on stdout.
"""

import contextlib
import io
import json
import os
import sys

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")


def build_parser():
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    return make_arg_parser(FlexibleArgumentParser())


def find_problem(parser, arguments):
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            parsed = parser.parse_args(arguments)
    except SystemExit:
        return errors.getvalue().strip().splitlines()[-1]
    # The names of parsers are looked up only when the server starts.
    tool_parser = parsed.tool_call_parser
    if tool_parser and tool_parser not in ToolParserManager.list_registered():
        return f"unknown tool call parser {tool_parser}"
    reasoning_parser = parsed.reasoning_parser
    if reasoning_parser and reasoning_parser not in ReasoningParserManager.list_registered():
        return f"unknown reasoning parser {reasoning_parser}"
    return None


def main():
    # vLLM prints to stdout while it loads; the answer must stand there alone.
    with contextlib.redirect_stdout(sys.stderr):
        parser = build_parser()
        results = [find_problem(parser, arguments) for arguments in json.load(sys.stdin)]
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
