/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which faults are made, and how often: a file of rules, one a line, which is
 * read again whenever it has changed, so that a test can begin and end them:
 *
 *	events drop 10		of the path manager's events, 10 percent
 *	announced drop 5	of those that tell of announcements
 *	events late 20 50	held back for up to 50 ms
 *	events twice 5
 *	events swap 5		with the one that comes next
 *	events overrun 1	lost, and the kernel says so (ENOBUFS)
 *	links drop 100		the same for news of links and addresses
 *	create ENETUNREACH 100	the command fails, and is not carried out
 *	flags EPERM 50 3	three times at most
 *	announce overrun 10	carried out, but the answer is lost
 *	list ENOMEM 100 2	sockets are not listed
 *	listed interrupt 10	of the messages of a list, 10 percent say that
 *				it has changed while it was made
 *	listed cut 10		are not whole
 *
 * Events that tell of announcements have rules of their own, for nothing else
 * ever tells of those. Commands are announce, remove, create, destroy, flags,
 * get and list. Rules are tried in their order, and the first that hits is it.
 */
#ifndef FAULTS_RULES_H
#define FAULTS_RULES_H

enum target {
	TARGET_NONE,
	TARGET_EVENTS,
	TARGET_ANNOUNCED,
	TARGET_LINKS,
	TARGET_ANNOUNCE,
	TARGET_REMOVE,
	TARGET_CREATE,
	TARGET_DESTROY,
	TARGET_FLAGS,
	TARGET_GET,
	TARGET_LIST,
	TARGET_LISTED,
};

enum fault {
	FAULT_NONE,
	FAULT_DROP,
	FAULT_LATE,
	FAULT_TWICE,
	FAULT_SWAP,
	FAULT_OVERRUN,
	FAULT_ERROR,
	FAULT_INTERRUPT,
	FAULT_CUT,
};

struct fate {
	enum fault fault;
	int error;		/* positive errno of FAULT_ERROR */
	unsigned int ms;	/* of FAULT_LATE */
};

/*
 * From the environment: ANCHOR_FAULTS is the file, ANCHOR_FAULTS_SEED a
 * number. Ends the process if one of them makes no sense.
 */
void rules_init(void);

/* What happens to one message. Each fault is told of on stderr. */
struct fate rules_fate(enum target target);

#endif
