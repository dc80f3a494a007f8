INSERT INTO logs.log (entry) SELECT 'V1 ' || (current_user = session_user) || ' ' || (current_setting('work_mem') = '7MB') || ' ' || (current_setting('search_path') LIKE 'logs%');
