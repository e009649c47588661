/* SPDX-License-Identifier: Apache-2.0 */
#include "image/functions.h"
#include "image/kernel_maps.h"
#include "base/hash.h"

/* In place of a guest's row + 1: the kernel of a guest of which nothing is known. */
#define NO_KERNEL UINT32_MAX

typedef struct space {
	uint32_t maps;           /* root in the tree */
	uint32_t code;           /* row of codes */
	uint32_t guest;          /* whose kernel: 0: the host's, row of guests + 1, or NO_KERNEL */
	uint32_t epoch;          /* of that kernel */
} space;

/* All maps ever seen under one code id. Processes that part after a fork stay
 * under one id as long as none maps other code where another has, or had, some. */
typedef struct code {
	uint32_t maps;           /* root in the tree: union over its spaces */
} code;

typedef struct change {
	uint64_t time;
	uint32_t space;
} change;

typedef struct process {
	int64_t pid;
	PTM_ARRAY(change) changes;       /* sorted by time */
} process;

typedef struct guest_kernel {
	ptm_kernel_maps maps;
	uint32_t first_code;     /* code id of its first epoch, less the bits that all have */
} guest_kernel;

struct ptm_spaces {
	ptm_images *images;      /* borrowed */
	ptm_map_tree tree;
	ptm_kernel_maps kernel;
	PTM_ARRAY(guest_kernel) guests; /* of virtual machines: rows as images' guests */
	PTM_ARRAY(space) spaces;         /* row 0: empty */
	PTM_ARRAY(code) codes;           /* row 0: of the empty space */
	PTM_ARRAY(process) processes;
	uint32_t *slots;         /* pid -> row of processes + 1 */
	uint32_t slot_count;     /* a power of two, at most half full */
	uint32_t *later;         /* (space, epoch) -> that space in that epoch; 0 empty */
	uint32_t later_slots, later_count; /* slots: a power of two, at most half full */
	ptm_functions functions;
};

ptm_status ptm_spaces_new(ptm_spaces **spaces, ptm_images *images)
{
	ptm_spaces *made = calloc(1, sizeof *made);
	if (!made)
		return PTM_NO_MEMORY;
	made->images = images;
	ptm_status status = ptm_map_tree_init(&made->tree);
	if (status == PTM_OK)
		status = ptm_functions_init(&made->functions, images);
	if (status == PTM_OK)
		status = ptm_kernel_maps_init(&made->kernel);
	if (status == PTM_OK)
		status = ptm_array_push(&made->spaces, (space){ 0 });
	if (status == PTM_OK)
		status = ptm_array_push(&made->codes, (code){ 0 });
	if (status != PTM_OK) {
		ptm_spaces_free(made);
		return status;
	}
	*spaces = made;
	return PTM_OK;
}

static void free_processes(ptm_spaces *spaces)
{
	for (uint32_t i = 0; i < spaces->processes.length; i++)
		ptm_array_free(&spaces->processes.at[i].changes);
	ptm_array_free(&spaces->processes);
	free(spaces->slots);
	free(spaces->later);
	spaces->slots = spaces->later = NULL;
	spaces->slot_count = spaces->later_slots = spaces->later_count = 0;
}

static void free_guests(ptm_spaces *spaces)
{
	for (uint32_t i = 0; i < spaces->guests.length; i++)
		ptm_kernel_maps_free(&spaces->guests.at[i].maps);
	ptm_array_free(&spaces->guests);
}

void ptm_spaces_free(ptm_spaces *spaces)
{
	if (!spaces)
		return;
	free_processes(spaces);
	ptm_array_free(&spaces->spaces);
	ptm_array_free(&spaces->codes);
	ptm_map_tree_free(&spaces->tree);
	ptm_kernel_maps_free(&spaces->kernel);
	free_guests(spaces);
	ptm_functions_free(&spaces->functions);
	free(spaces);
}

ptm_status ptm_spaces_clear(ptm_spaces *spaces)
{
	free_processes(spaces);
	spaces->spaces.length = spaces->codes.length = 1;
	ptm_map_tree_free(&spaces->tree);
	PTM_TRY(ptm_map_tree_init(&spaces->tree));
	free_guests(spaces);
	return ptm_kernel_maps_clear(&spaces->kernel);
}

static uint32_t *slot_of(uint32_t *slots, uint32_t count, const ptm_spaces *spaces, int64_t pid)
{
	uint32_t slot = (uint32_t)ptm_hash_u64((uint64_t)pid) & (count - 1);
	while (slots[slot] && spaces->processes.at[slots[slot] - 1].pid != pid)
		slot = (slot + 1) & (count - 1);
	return &slots[slot];
}

static const process *find_process(const ptm_spaces *spaces, int64_t pid)
{
	uint32_t *slot = spaces->slot_count ? slot_of(spaces->slots, spaces->slot_count, spaces, pid) : NULL;
	return slot && *slot ? &spaces->processes.at[*slot - 1] : NULL;
}

static ptm_status grow_slots(ptm_spaces *spaces)
{
	uint32_t count = spaces->slot_count ? spaces->slot_count * 2 : 64;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < spaces->processes.length; i++)
		*slot_of(slots, count, spaces, spaces->processes.at[i].pid) = i + 1;
	free(spaces->slots);
	spaces->slots = slots;
	spaces->slot_count = count;
	return PTM_OK;
}

static ptm_status make_process(ptm_spaces *spaces, int64_t pid, process **made)
{
	if ((spaces->processes.length + 1) * 2 > spaces->slot_count)
		PTM_TRY(grow_slots(spaces));
	uint32_t *slot = slot_of(spaces->slots, spaces->slot_count, spaces, pid);
	if (!*slot) {
		PTM_TRY(ptm_array_push(&spaces->processes, (process){ .pid = pid }));
		*slot = spaces->processes.length;
	}
	*made = &spaces->processes.at[*slot - 1];
	return PTM_OK;
}

/* From `time` on, `pid` has `space`. A time before the last change counts as that change's. */
static ptm_status set_space(ptm_spaces *spaces, uint64_t time, int64_t pid, uint32_t space)
{
	process *process;
	PTM_TRY(make_process(spaces, pid, &process));
	change *last = process->changes.length ? &process->changes.at[process->changes.length - 1] : NULL;
	if (last && last->time >= time) {
		last->space = space;
		return PTM_OK;
	}
	return ptm_array_push(&process->changes, ((change){ time, space }));
}

static uint32_t last_space(const ptm_spaces *spaces, int64_t pid)
{
	const process *process = find_process(spaces, pid);
	return process && process->changes.length ? process->changes.at[process->changes.length - 1].space : 0;
}

static const ptm_image *image_of(const ptm_spaces *spaces, const ptm_map *map)
{
	return &spaces->images->images.at[map->image < spaces->images->images.length ? map->image : 0];
}

/* Memory that no file backs, and whose code nobody gave either. */
static bool has_no_code(const ptm_image *image)
{
	return image->is_anonymous && image->status != PTM_IMAGE_LOADED;
}

/* Whether everything that `map` overlaps in the set is the same code; memory
 * without a file has none that could differ. */
static bool agrees(const ptm_spaces *spaces, uint32_t root, const ptm_map *map)
{
	bool no_file = has_no_code(image_of(spaces, map));
	const ptm_map *old = ptm_map_tree_next(&spaces->tree, root, map->start);
	for (; old && old->start < map->end; old = ptm_map_tree_next(&spaces->tree, root, old->end)) {
		bool same_place = old->file_offset - old->start == map->file_offset - map->start;
		if ((old->image != map->image || !(same_place || no_file)) && !has_no_code(image_of(spaces, old)))
			return false;
	}
	return true;
}

/* Whether the set holds the whole of `map` already. */
static bool holds(const ptm_map_tree *tree, uint32_t root, const ptm_map *map)
{
	const ptm_map *old = ptm_map_tree_next(tree, root, map->start);
	return old && old->start <= map->start && old->end >= map->end && old->image == map->image && old->name == map->name &&
	       old->file_offset - old->start == map->file_offset - map->start;
}

/* Gives a space with the maps `after` its code id, given the space it came from. */
static ptm_status set_code(ptm_spaces *spaces, const space *before, const ptm_map *map, space *after)
{
	uint32_t *all = &spaces->codes.at[before->code].maps;
	after->code = before->code;
	if (!before->code || !agrees(spaces, *all, map)) {
		PTM_TRY(ptm_array_push(&spaces->codes, (code){ after->maps }));
		after->code = spaces->codes.length - 1;
	} else if (*all == before->maps) {
		*all = after->maps;
	} else if (!holds(&spaces->tree, *all, map)) {
		PTM_TRY(ptm_map_tree_put(&spaces->tree, *all, map, all));
	}
	return PTM_OK;
}

/* The kernel's maps of the whole trace. */
static ptm_status map_kernel(ptm_spaces *spaces, ptm_kernel_maps *kernel, const ptm_map *map)
{
	uint32_t *root = &kernel->epochs.at[0].maps;
	PTM_TRY(ptm_array_push(&kernel->changes, ((ptm_kernel_change){ 0, *map, false, 0 })));
	return ptm_map_tree_put(&spaces->tree, *root, map, root);
}

/* The kernel maps of the host, or of a guest. */
static ptm_status maps_of(ptm_spaces *spaces, uint32_t guest, ptm_kernel_maps **maps)
{
	while (spaces->guests.length < guest) {
		guest_kernel made = { .first_code = 0 };
		PTM_TRY(ptm_kernel_maps_init(&made.maps));
		ptm_status status = ptm_array_push(&spaces->guests, made);
		if (status != PTM_OK)
			ptm_kernel_maps_free(&made.maps);
		PTM_TRY(status);
	}
	*maps = guest ? &spaces->guests.at[guest - 1].maps : &spaces->kernel;
	return PTM_OK;
}

ptm_status ptm_spaces_map_guest(ptm_spaces *spaces, uint32_t guest, const ptm_map *map)
{
	ptm_kernel_maps *maps;

	if (map->end <= map->start || !guest)
		return PTM_OK;
	PTM_TRY(maps_of(spaces, guest, &maps));
	return map_kernel(spaces, maps, map);
}

ptm_status ptm_spaces_map_function(ptm_spaces *spaces, uint32_t guest, uint64_t time, const ptm_map *map)
{
	ptm_kernel_maps *maps;

	if (map->end <= map->start)
		return PTM_OK;
	PTM_TRY(maps_of(spaces, guest, &maps));
	return ptm_array_push(&maps->changes, ((ptm_kernel_change){ time, *map, true, 0 }));
}

ptm_status ptm_spaces_poke(ptm_spaces *spaces, uint32_t guest, uint64_t time, uint64_t address, const uint8_t *bytes, uint32_t length)
{
	ptm_kernel_maps *maps;

	PTM_TRY(maps_of(spaces, guest, &maps));
	return ptm_kernel_maps_poke(maps, time, address, bytes, length);
}

ptm_status ptm_spaces_settle(ptm_spaces *spaces)
{
	uint32_t code = 1; /* 0: that of NO_KERNEL */

	for (uint32_t i = 0; i < spaces->guests.length && i < spaces->images->guests.length; i++) {
		PTM_TRY(ptm_kernel_maps_settle(&spaces->guests.at[i].maps, &spaces->tree, &spaces->images->guests.at[i]));
		spaces->guests.at[i].first_code = code;
		code += spaces->guests.at[i].maps.epochs.length;
	}
	return ptm_kernel_maps_settle(&spaces->kernel, &spaces->tree, &spaces->images->kernel);
}

static ptm_status map_user(ptm_spaces *spaces, uint64_t time, int64_t pid, const ptm_map *map)
{
	space before = spaces->spaces.at[last_space(spaces, pid)], after = before;
	if (holds(&spaces->tree, before.maps, map))
		return PTM_OK;
	PTM_TRY(ptm_map_tree_put(&spaces->tree, before.maps, map, &after.maps));
	PTM_TRY(set_code(spaces, &before, map, &after));
	PTM_TRY(ptm_array_push(&spaces->spaces, after));
	return set_space(spaces, time, pid, spaces->spaces.length - 1);
}

/* A runtime that changes the protection of its memory makes the kernel tell of
 * the map again: the code that was put there stays. */
static ptm_status map_memory(ptm_spaces *spaces, uint64_t time, int64_t pid, const ptm_map *map)
{
	uint64_t at = map->start;
	while (at < map->end) {
		const ptm_map *old = ptm_map_tree_next(&spaces->tree, spaces->spaces.at[last_space(spaces, pid)].maps, at);
		while (old && old->start < map->end && !image_of(spaces, old)->is_flat)
			old = ptm_map_tree_next(&spaces->tree, spaces->spaces.at[last_space(spaces, pid)].maps, old->end);
		uint64_t kept = old && old->start < map->end ? old->start : map->end, next = kept < map->end ? old->end : map->end;
		ptm_map piece = { at, kept, map->file_offset + (at - map->start), map->image, map->name };
		if (at < kept)
			PTM_TRY(map_user(spaces, time, pid, &piece));
		at = next;
	}
	return PTM_OK;
}

ptm_status ptm_spaces_map(ptm_spaces *spaces, uint64_t time, int64_t pid, const ptm_map *map)
{
	if (map->end <= map->start)
		return PTM_OK;
	if (pid == -1)
		return map_kernel(spaces, &spaces->kernel, map);
	return spaces->images->jitdumps.length && has_no_code(image_of(spaces, map)) ? map_memory(spaces, time, pid, map)
										      : map_user(spaces, time, pid, map);
}

ptm_status ptm_spaces_fork(ptm_spaces *spaces, uint64_t time, int64_t pid, int64_t parent)
{
	if (pid == parent || pid == -1)
		return PTM_OK;
	return set_space(spaces, time, pid, last_space(spaces, parent));
}

ptm_status ptm_spaces_exec(ptm_spaces *spaces, uint64_t time, int64_t pid)
{
	return pid == -1 ? PTM_OK : set_space(spaces, time, pid, 0);
}

/* --------------------------------------------------------------- queries */

static uint32_t *later_slot(const ptm_spaces *spaces, uint32_t *slots, uint32_t count, const space *wanted)
{
	uint64_t key = (uint64_t)wanted->maps << 32 ^ (uint64_t)wanted->code << 16 ^ (uint64_t)wanted->guest << 48 ^ wanted->epoch;
	uint32_t slot = (uint32_t)ptm_hash_u64(key) & (count - 1);
	for (; slots[slot]; slot = (slot + 1) & (count - 1)) {
		const space *known = &spaces->spaces.at[slots[slot]];
		if (known->maps == wanted->maps && known->code == wanted->code && known->guest == wanted->guest && known->epoch == wanted->epoch)
			break;
	}
	return &slots[slot];
}

static bool grow_later(ptm_spaces *spaces)
{
	uint32_t count = spaces->later_slots ? spaces->later_slots * 2 : 64;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return false;
	for (uint32_t i = 0; i < spaces->later_slots; i++)
		if (spaces->later[i])
			*later_slot(spaces, slots, count, &spaces->spaces.at[spaces->later[i]]) = spaces->later[i];
	free(spaces->later);
	spaces->later = slots;
	spaces->later_slots = count;
	return true;
}

/* The space in a later epoch of the kernel, or with a guest's; itself when memory is out. */
static uint32_t in_epoch(ptm_spaces *spaces, uint32_t row, uint32_t guest, uint32_t epoch)
{
	space wanted = spaces->spaces.at[row];
	wanted.guest = guest;
	wanted.epoch = epoch;
	if ((spaces->later_count + 1) * 2 > spaces->later_slots && !grow_later(spaces))
		return row;
	uint32_t *slot = later_slot(spaces, spaces->later, spaces->later_slots, &wanted);
	if (*slot)
		return *slot;
	if (ptm_array_push(&spaces->spaces, wanted) != PTM_OK)
		return row;
	spaces->later_count++;
	return *slot = spaces->spaces.length - 1;
}

static uint32_t user_space_at(const ptm_spaces *spaces, int64_t pid, uint64_t time)
{
	const process *process = find_process(spaces, pid);
	uint32_t low = 0, high = process ? process->changes.length : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (process->changes.at[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? process->changes.at[low - 1].space : 0;
}

uint32_t ptm_spaces_at(ptm_spaces *spaces, int64_t pid, uint64_t time)
{
	uint32_t row = user_space_at(spaces, pid, time), epoch = ptm_kernel_maps_epoch(&spaces->kernel, time);
	return epoch ? in_epoch(spaces, row, 0, epoch) : row;
}

uint32_t ptm_spaces_as_guest(ptm_spaces *spaces, uint32_t space, uint32_t guest, uint64_t time)
{
	bool is_known = guest && guest <= spaces->guests.length;
	uint32_t epoch = is_known ? ptm_kernel_maps_epoch(&spaces->guests.at[guest - 1].maps, time) : 0;

	return in_epoch(spaces, space < spaces->spaces.length ? space : 0, is_known ? guest : NO_KERNEL, epoch);
}

uint32_t ptm_spaces_code_id(const ptm_spaces *spaces, uint32_t space)
{
	return space < spaces->spaces.length ? spaces->spaces.at[space].code : 0;
}

/* The space of nothing but a kernel as it was in the epoch that code has its id of. */
static uint32_t space_of_kernel(ptm_spaces *spaces, uint32_t code_id)
{
	uint32_t code = code_id & ~(PTM_KERNEL_CODE | PTM_GUEST_CODE);

	if (!(code_id & PTM_GUEST_CODE))
		return ptm_spaces_at(spaces, -1, UINT64_MAX - 1);
	for (uint32_t i = 0; i < spaces->guests.length; i++)
		if (code - spaces->guests.at[i].first_code < spaces->guests.at[i].maps.epochs.length && spaces->guests.at[i].first_code)
			return in_epoch(spaces, 0, i + 1, code - spaces->guests.at[i].first_code);
	return in_epoch(spaces, 0, NO_KERNEL, 0);
}

uint32_t ptm_spaces_of_code(ptm_spaces *spaces, uint32_t code_id)
{
	if (code_id & PTM_KERNEL_CODE)
		return space_of_kernel(spaces, code_id);
	for (uint32_t i = spaces->spaces.length; i-- > 0;)
		if (spaces->spaces.at[i].code == code_id)
			return i;
	return 0;
}

/* The kernel maps that a space has; NULL: none. */
static const ptm_kernel_maps *kernel_of(const ptm_spaces *spaces, const space *space)
{
	if (space->guest == NO_KERNEL)
		return NULL;
	return space->guest ? &spaces->guests.at[space->guest - 1].maps : &spaces->kernel;
}

uint32_t ptm_spaces_kernel_code_id(const ptm_spaces *spaces, uint32_t space, uint64_t ip)
{
	const struct space *row = &spaces->spaces.at[space < spaces->spaces.length ? space : 0];
	const ptm_kernel_maps *kernel = kernel_of(spaces, row);
	uint32_t version = kernel && row->epoch ? ptm_kernel_maps_version(kernel, row->epoch, ip) : 0;

	if (!row->guest)
		return PTM_KERNEL_CODE | version;
	return PTM_KERNEL_CODE | PTM_GUEST_CODE | (kernel ? spaces->guests.at[row->guest - 1].first_code + version : 0);
}

const ptm_map *ptm_spaces_find(const ptm_spaces *spaces, uint32_t space, uint64_t ip)
{
	const struct space *row = &spaces->spaces.at[space < spaces->spaces.length ? space : 0];
	const ptm_kernel_maps *kernel = kernel_of(spaces, row);
	const ptm_map *map = ptm_map_tree_next(&spaces->tree, row->maps, ip);

	if ((!map || map->start > ip) && kernel)
		map = ptm_map_tree_next(&spaces->tree, kernel->epochs.at[row->epoch].maps, ip);
	return map && map->start <= ip && (map->image || map->name) ? map : NULL;
}

/* Copies code out of the files, across adjacent maps. */
static ptm_status copy_code(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint8_t *into, uint32_t wanted, uint32_t *length)
{
	const ptm_map *piece = ptm_spaces_find(spaces, space, ip);
	for (; piece && *length < wanted; piece = ptm_spaces_find(spaces, space, ip)) {
		uint32_t part = wanted - *length;
		if (part > piece->end - ip)
			part = (uint32_t)(piece->end - ip);
		if (!piece->image || piece->image >= spaces->images->images.length)
			break;
		ptm_image *image = &spaces->images->images.at[piece->image];
		ptm_status status = ptm_image_code(image, piece->file_offset + (ip - piece->start), into + *length, &part);
		if (status != PTM_OK && status != PTM_NOT_FOUND)
			return status;
		if (status == PTM_NOT_FOUND || !part)
			break;
		*length += part;
		ip += part;
	}
	return PTM_OK;
}

ptm_status ptm_spaces_code(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint8_t *into, uint32_t *length, const ptm_map **map)
{
	const struct space *row = &spaces->spaces.at[space < spaces->spaces.length ? space : 0];
	const ptm_kernel_maps *kernel = kernel_of(spaces, row);
	const uint32_t epoch = row->epoch;
	bool is_patched = ip >> 63 && kernel && kernel->pokes.length;
	uint32_t most = is_patched ? 15 : PTM_CODE_BYTES, wanted = *length < most ? *length : most;
	*length = 0;
	*map = ptm_spaces_find(spaces, space, ip);
	PTM_TRY(copy_code(spaces, space, ip, into, wanted, length));
	if (is_patched && *map) {
		uint32_t known = (1u << *length) - 1;
		ptm_kernel_maps_patch(kernel, epoch, ip, into, wanted, &known);
		*length = (uint32_t)__builtin_ctz(~known);
	}
	return *length ? PTM_OK : PTM_NOT_FOUND;
}

ptm_status ptm_spaces_code_beyond(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint8_t *into, uint32_t *length)
{
	const ptm_map *map = ptm_spaces_find(spaces, space, ip);
	if (!map || !map->image || map->image >= spaces->images->images.length)
		return PTM_NOT_FOUND;
	return ptm_image_bytes(&spaces->images->images.at[map->image], map->file_offset + (ip - map->start), into, length);
}

uint32_t ptm_spaces_function_count(const ptm_spaces *spaces)
{
	return spaces->functions.rows.length;
}

const ptm_function *ptm_spaces_function(const ptm_spaces *spaces, uint32_t function)
{
	return &spaces->functions.rows.at[function < spaces->functions.rows.length ? function : 0];
}

static uint32_t function_at(ptm_spaces *spaces, uint32_t space, uint64_t ip, bool as_perf, uint64_t *offset)
{
	const ptm_map *map = ptm_spaces_find(spaces, space, ip);
	*offset = ip;
	if (!map || !map->image || map->image >= spaces->images->images.length)
		return 0;
	const ptm_image *image = &spaces->images->images.at[map->image];
	uint64_t address = ptm_image_address(image, map->file_offset + (ip - map->start));
	return ptm_functions_at(&spaces->functions, map->image, address, as_perf, offset);
}

uint32_t ptm_spaces_function_at(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint64_t *offset)
{
	return function_at(spaces, space, ip, false, offset);
}

uint32_t ptm_spaces_perf_function_at(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint64_t *offset)
{
	return function_at(spaces, space, ip, true, offset);
}

ptm_status ptm_spaces_function_add(ptm_spaces *spaces, const ptm_function *function, uint32_t *row)
{
	*row = ptm_functions_row(&spaces->functions, function);
	return *row || (!function->image && !function->name) ? PTM_OK : PTM_NO_MEMORY;
}

ptm_strings *ptm_spaces_strings(const ptm_spaces *spaces)
{
	return spaces->images->strings;
}

ptm_images *ptm_spaces_images(const ptm_spaces *spaces)
{
	return spaces->images;
}
