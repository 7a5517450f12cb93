/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this end announces: from the entries that are to those that the plan
 * asks for.
 */
#include "core/compare.h"
#include "core/drain.h"

#define WITHDRAW_ACTIONS 3	/* with what it needs */

/*
 * When a withdrawal is repeated, and how much later for each other connection
 * there is: not while many still move for the first time.
 */
#define REPEAT_US 1000000
#define REPEAT_TURN_US 100

/*
 * An ADD_ADDR for IPv6 with a port does not fit beside TCP timestamps (32
 * and 12 of 40 bytes), and the kernel never sends it. Without a port it
 * means the service's: a server can listen there, and is joined. A client
 * cannot listen at its ephemeral ports. 0: do not announce.
 */
uint16_t announce_port(const struct compare *cmp,
		       const struct core_local *local)
{
	if (!local->bare)
		return local->join_port;

	return cmp->conn->role == ANCHOR_ROLE_SERVER ? cmp->conn->local.port :
		0;
}

/* The local that an entry stands for, or NULL if it should go. */
static const struct core_local *entry_local(const struct compare *cmp,
					    const struct entry *entry)
{
	const struct view *view = &cmp->core->view;

	for (unsigned int i = 0; i < cmp->view->n_locals; i++) {
		const struct core_local *local = view->host_locals[i];

		if (!local || !anchor_addr_equal(&local->addr,
						 &entry->endpoint.addr))
			continue;

		if (!entry->endpoint.port)
			return local;

		return announce_port(cmp, local) == entry->endpoint.port &&
			cmp->plan.announce & (UINT64_C(1) << i) ? local : NULL;
	}

	return NULL;
}

static bool entry_in_use(const struct conn *conn, const struct entry *entry)
{
	return entry->endpoint.port || conn_uses_id(conn, entry->id);
}

/*
 * The kernel has room for one announcement and one withdrawal that wait to be
 * sent, and drops others without a word (AddAddrTxDrop, RmAddrTxDrop; FACTS,
 * kernel 10). Each command that sends an ACK sends one of what waits, an echo
 * of the peer's announcements first. So with each announcement or withdrawal
 * goes a priority command for the initial subflow that changes nothing, also
 * not what one that is under way will have set, and it has left when the next
 * is made.
 */
static void nudge(struct compare *cmp)
{
	cmp->conn->echoing = false;
	for (unsigned int i = 0; i < cmp->conn->n_subflows; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];

		if (subflow->initial && !subflow->closing)
			compare_emit_priority(cmp, subflow,
				subflow->busy ? !subflow->backup_here :
				subflow->backup_here, CORE_REASON_NUDGE);
	}
}

/*
 * A close of another subflow from there has dropped the kernel's entry, and
 * what it does not have it does not withdraw: "address with id 129 not found"
 * (mptcp_pm_nl_remove_doit()). There is no other way to enter a source address
 * than to announce it, which does no harm in the moment before it goes.
 */
static void enter_again(struct compare *cmp, const struct entry *entry,
			enum core_reason reason)
{
	struct core_action action = {
		.type = CORE_ACTION_ANNOUNCE,
		.reason = reason,
		.id = entry->id,
		.local = entry->endpoint,
	};

	/* A server opens at once to what can be joined, a client does not. */
	if (cmp->conn->role == ANCHOR_ROLE_CLIENT)
		action.local.port = 0;

	compare_emit(cmp, &action);
}

/*
 * An echo that waits, as it may for ever where we send data and never an ACK
 * alone, takes a withdrawal's room too (mptcp_pm_remove_addr()). Where the way
 * has been cleared of it, the command's own ACK takes the withdrawal along.
 */
static void withdraw(struct compare *cmp, const struct entry *entry,
		     enum core_reason reason)
{
	const struct core_action action = {
		.type = CORE_ACTION_WITHDRAW,
		.reason = reason,
		.id = entry->id,
		.local = entry->endpoint,
	};
	bool lacking = entry->gone ||
		(!entry->endpoint.port && entry->restore);
	bool clear = lacking || cmp->conn->echoing;

	if (lacking)
		enter_again(cmp, entry, entry->gone ? reason :
			    CORE_REASON_RESTORE);

	if (clear)
		nudge(cmp);

	compare_emit(cmp, &action);
	if (!clear)
		nudge(cmp);
}

/* The address is usable again; the kernel has no entry of it. */
static void come_back(struct entry *entry)
{
	entry->gone = false;
	entry->restore = !entry->endpoint.port;
	entry->retry = (struct anchor_time) { 0 };
}

/*
 * Is there a path at its address, and the entry one to withdraw it by? Of a
 * server that is what it announced: the peer closes all that leads there. But
 * without a port that cannot be entered again and not be an invitation.
 */
static bool is_to_repeat(const struct conn *conn, const struct entry *entry)
{
	if (entry->gone || entry->busy)
		return false;

	if (conn->role == ANCHOR_ROLE_CLIENT)
		return conn_uses_id(conn, entry->id);

	return entry->endpoint.port &&
		entry->endpoint.port != conn->local.port &&
		conn_has_subflow_from(conn, &entry->endpoint.addr);
}

/*
 * RM_ADDR is neither acknowledged nor retransmitted (FACTS, kernel 11), and
 * goes by a link that has just got the traffic of two. A peer that has missed
 * it and only receives would keep its end of a path that is lost for as long
 * as the link is: so where there is one, it is said once more.
 */
static void keep_to_repeat(struct compare *cmp, struct entry *entry)
{
	int64_t others = (int64_t) cmp->core->conns.n - 1;

	entry->gone = true;
	entry->confirmed = false;
	entry->unheard = false;
	entry->retry = core_jitter(cmp->core, cmp->now, anchor_us(REPEAT_US +
						others * REPEAT_TURN_US));
}

/* Returns false where there was no room for it. */
static bool let_go(struct compare *cmp, struct entry *entry)
{
	bool kept = is_to_repeat(cmp->conn, entry);

	if (entry->gone && anchor_time_before(cmp->now, entry->retry))
		return true;

	if (entry->gone || entry_in_use(cmp->conn, entry)) {
		if (!compare_room(cmp, WITHDRAW_ACTIONS))
			return false;

		withdraw(cmp, entry, entry->gone ? CORE_REASON_REPEAT :
			 CORE_REASON_LINK);
	}

	if (kept)
		keep_to_repeat(cmp, entry);
	else
		conn_drop_entry(cmp->conn, entry);

	return true;
}

/*
 * Withdrawing a source address too makes the peer close the subflows that
 * came from it at once.
 */
void announce_withdraw(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	for (unsigned int i = conn->n_entries; i-- > 0;) {
		struct entry *entry = &conn->entries[i];

		if (entry_local(cmp, entry)) {
			if (entry->gone)
				come_back(entry);

			continue;
		}

		if (!drain_holds(cmp, &entry->endpoint.addr) &&
		    !let_go(cmp, entry))
			return;
	}
}

void announce_withdraw_until(struct compare *cmp, uint8_t id,
			     struct anchor_time again)
{
	struct entry *entry = conn_find_entry_id(cmp->conn, id);

	if (!entry || entry->gone || !compare_room(cmp, WITHDRAW_ACTIONS))
		return;

	withdraw(cmp, entry, CORE_REASON_DEAD);
	if (!entry->endpoint.port) {
		conn_drop_entry(cmp->conn, entry);
		return;
	}

	entry->confirmed = false;
	entry->retry = again;
}

/* What is on the kernel's list is not sent another time (FACTS, kernel 9). */
void announce_take_back_unheard(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	for (unsigned int i = 0; i < conn->n_entries; i++) {
		struct entry *entry = &conn->entries[i];

		if (!entry->unheard || !entry->confirmed || entry->busy ||
		    anchor_time_before(cmp->now, entry->retry) ||
		    !compare_room(cmp, WITHDRAW_ACTIONS))
			continue;

		withdraw(cmp, entry, CORE_REASON_UNHEARD);
		conn_note_repeated(entry);
	}
}

static void announce_entry(struct compare *cmp, struct entry *entry,
			   const struct core_local *local)
{
	struct core_action action = {
		.type = CORE_ACTION_ANNOUNCE,
		.reason = entry->restore ? CORE_REASON_RESTORE :
			CORE_REASON_PLAN,
		.id = entry->id,
		.local = entry->endpoint,
		.ifindex = local->ifindex,
		.bare = local->bare,
	};

	if (entry->busy || (entry->confirmed ? !entry->restore :
			    anchor_time_before(cmp->now, entry->retry)) ||
	    !compare_room(cmp, 2))
		return;

	compare_emit(cmp, &action);
	if (!entry->restore)
		nudge(cmp);

	entry->busy = true;
	entry->restore = false;
}

void announce_all(struct compare *cmp)
{
	const struct view *view = &cmp->core->view;
	struct conn *conn = cmp->conn;

	/* Nothing leaves before that, and what waits is in the way. */
	if (!conn->established)
		return;

	for (unsigned int i = 0; i < cmp->view->n_locals; i++) {
		const struct core_local *local = view->host_locals[i];
		struct anchor_endpoint endpoint;
		struct entry *entry;

		if (!local || !announce_port(cmp, local) ||
		    !(cmp->plan.announce & (UINT64_C(1) << i)))
			continue;

		endpoint = (struct anchor_endpoint) {
			.addr = local->addr,
			.port = announce_port(cmp, local),
		};
		entry = conn_find_entry(conn, &endpoint);
		if (!entry)
			entry = conn_add_entry(conn, &endpoint, local->id);

		if (entry)
			announce_entry(cmp, entry, local);
	}
}
