SET ROLE callback_role;
SET work_mem = '7MB';
SET search_path = logs, public;
