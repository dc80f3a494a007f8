SELECT 'ä${flyway:table}';
