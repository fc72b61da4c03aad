/* SPDX-License-Identifier: MIT */
/*
 * cli/commands.h - the commands: each is called with its own name as argv[0] and returns the exit
 * code (0, 1 when something could not be done, 2 for bad arguments).
 */
#ifndef AKSU_CLI_COMMANDS_H
#define AKSU_CLI_COMMANDS_H

int cmd_bench(int argc, char **argv);
int cmd_chargen(int argc, char **argv);
int cmd_connect(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_discard(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_echo(int argc, char **argv);
int cmd_listen(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_ss(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_wire(int argc, char **argv);

#endif
